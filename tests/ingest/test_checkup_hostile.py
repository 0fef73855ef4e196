"""Check-up files from an enemy: entities, bombs, depth, encodings, path tricks, damage; one typed refusal, nothing told."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.codes import VITALS
from ingest.errors import BadPayload, IngestError
from ingest.files import checkup_fhir, checkup_tree, checkup_xml
from tests.ingest.checkup_files import CODES, bundle, bundle_text, pq, xml

TOKYO = ZoneInfo("Asia/Tokyo")
NAME, NUMBER = "ケンシン", "４５６７"
HEAD, REST = xml().split("\n", 1)
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


def read(body, *, name="h.xml", module=checkup_xml):
    with TemporaryDirectory() as place:
        path = Path(place) / name
        path.write_bytes(body if isinstance(body, bytes) else body.encode())
        return list(module.read(path, zone=TOKYO))


@pytest.mark.parametrize(
    "doctype",
    [
        f'<!DOCTYPE d [<!ENTITY l0 "lol">{LAUGHS}]>', '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE d SYSTEM "http://127.0.0.1:1/x.dtd">', '<!DOCTYPE d [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>',
        "<!DOCTYPE ClinicalDocument>", '<!DOCTYPE d [<!ATTLIST value code CDATA "1">]>',
    ],
)  # fmt: skip
def test_a_document_type_is_refused_before_anything_in_it_is_read(doctype):
    """R2-1: neither billions of laughs nor a file of this machine."""
    text = f"{HEAD}\n{doctype}{REST}".replace(NAME, "&l9;&x;")
    with pytest.raises(BadPayload, match="document types") as caught:
        read(text)
    assert "root:" not in str(caught.value)


def test_an_entity_without_a_document_type_is_no_xml():
    with pytest.raises(BadPayload, match="not well-formed"):
        read(xml().replace(NAME, "&lol;"))


@pytest.mark.parametrize(
    ("depth", "fine"), [(checkup_tree.MAX_DEPTH - 8, True), (checkup_tree.MAX_DEPTH, False), (100_000, False)]
)
def test_depth_has_an_end(depth, fine):
    """A hundred thousand brackets must not end the process."""
    text = xml().replace("<text/>", "<text>" + "<b>" * depth + "</b>" * depth + "</text>")
    if fine:
        assert read(text)[0].series
    else:
        with pytest.raises(BadPayload, match="deeper"):
            read(text)


def test_size_elements_and_attributes_have_an_end():
    with pytest.raises(BadPayload, match="larger"):
        read(xml() + " " * checkup_tree.MAX_BYTES)
    with pytest.raises(BadPayload, match="more elements"):
        read(xml().replace("<text/>", "<text>" + "<b/>" * checkup_tree.MAX_ELEMENTS + "</text>"))
    with pytest.raises(BadPayload, match="attributes"):
        read(xml().replace("<text/>", "<text " + " ".join(f'a{n}=""' for n in range(40)) + "/>"))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (xml().encode("utf-16"), "encoding"), (xml().encode("utf-16-le"), "encoding"), (xml().encode("utf-32-be"), "encoding"),
        (xml().replace("UTF-8", "Shift_JIS").encode("cp932"), "encoding"), (xml().replace("UTF-8", "Shift_JIS"), "encoding"),
        (xml().replace("UTF-8", "EUC-JP").encode("euc-jp"), "encoding"), (xml().encode("cp932"), "line 6"), (b"", "line 1"),
        (b"\x00", "encoding"), (xml()[:900], "line 8"), (xml() + "<a/>", "line 13"),
    ],
)  # fmt: skip
def test_another_encoding_and_damage_are_refused_by_their_place(body, field):
    """What a file says of its encoding is not believed, and another one is said clearly."""
    with pytest.raises(BadPayload) as caught:
        read(body)
    assert caught.value.field == field
    assert NAME not in str(caught.value)


def test_a_byte_order_mark_and_a_missing_declaration_are_fine():
    assert read(b"\xef\xbb\xbf" + xml().encode())[0].series
    assert read(REST)[0].series


@pytest.mark.parametrize("name", ["../h.xml", "/h.xml", "DATA/../../h.xml", "C:/h.xml", "DATA\\h.xml"])
def test_path_tricks_in_an_archive_are_refused(tmp_path, name):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x", xml())
        archive.infolist()[0].filename = name
    with pytest.raises(BadPayload, match="unsafe"):
        list(checkup_xml.read(path, zone=TOKYO))


def test_a_zip_bomb_is_refused_unopened(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("DATA/h1.xml", b" " * 40_000_000)
    with pytest.raises(BadPayload, match="unpacks"):
        list(checkup_xml.read(path, zone=TOKYO))


def test_a_damaged_file_of_an_archive_stops_the_import_with_its_name(tmp_path):
    """Leaving it out would lose somebody's check-up in silence."""
    (tmp_path / "h1.xml").write_text(xml())
    (tmp_path / "h2.xml").write_text(xml()[:2000])
    with pytest.raises(BadPayload, match=r"^h2\.xml"):
        list(checkup_xml.read(tmp_path, zone=TOKYO))


def sound(batches):
    """What any file may become: columns of the panel in their ranges, counts, valid JSON."""
    items = {channel.name: channel for channel in VITALS["checkup"].channels}
    for batch in batches:
        for series in batch.series:
            for name, column in series.channels.items():
                low, high = items[name].low, items[name].high
                known = column[~np.isnan(column)]
                assert low is None or ((known >= low) & (known <= high)).all()
                assert items[name].coded is None or set(known) <= set(items[name].coded)
        assert all(json.loads(body)["resourceType"] for body in batch.documents)
        said = " ".join(f"{each.reason} {each.field}" for each in batch.rejects)
        assert not any(secret in said for secret in (NAME, NUMBER, "4567"))


def promised(body, name, module):
    """Sound batches, or one typed refusal that repeats nothing."""
    refusal = ""
    try:
        sound(read(body, name=name, module=module))
    except IngestError as refused:
        refusal = str(refused)
    assert NAME not in refusal
    assert NUMBER not in refusal


def hurt(body, edits):
    found = bytearray(body)
    for place, cut, new in edits:
        at = place % (len(found) + 1)
        found[at : at + cut] = new
    return bytes(found)


EDITS = st.lists(
    st.tuples(st.integers(0, 9_000), st.integers(0, 30), st.sampled_from([b"", b"<", b'"', b"9", b"-", b"&#0;", b"\xff", b"1e9", b"[]"])),
    min_size=1, max_size=4,
)  # fmt: skip


@settings(max_examples=60)
@given(edits=EDITS)
def test_damaged_files_are_values_counts_or_one_refusal(edits):
    """Both forms: never another error, never a name or a number in the text."""
    for body, name, module in ((xml(), "h.xml", checkup_xml), (bundle_text(), "b.json", checkup_fhir)):
        promised(hurt(body.encode(), edits), name, module)


TEXTS = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters='<&"'), max_size=12)


@settings(max_examples=60)
@given(
    code=st.sampled_from([code for code, _ in CODES.values()]),
    text=TEXTS | st.floats().map(str),
    unit=TEXTS | st.sampled_from(["mg/dL", "cm", "%"]),
)
def test_any_text_as_a_number_is_a_value_in_range_or_a_count(code, text, unit):
    sound(read(xml(values={}, raw=(pq(code, text, unit),))))


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3), max_leaves=6)  # fmt: skip


@settings(max_examples=80)
@given(data=st.data())
def test_any_member_of_an_echeckup_document_may_be_anything(data):
    """Every place of every resource, replaced by other JSON."""
    given = bundle()
    place = data.draw(st.sampled_from(given["entry"]))["resource"]
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(JSON)
    promised(json.dumps(given), "b.json", checkup_fhir)


def test_deep_json_is_refused_and_long_numbers_are_no_values():
    with pytest.raises(BadPayload):
        read("[" * 100_000, name="b.json", module=checkup_fhir)
    for number in ("1e999999999", "9" * 5_000, "-0.0000000000000001", "1e-400"):
        text = bundle_text().replace('"value": 95.0', f'"value": {number}')
        assert number in text
        try:
            batches = read(text, name="b.json", module=checkup_fhir)
        except BadPayload:
            continue
        assert "waist_cm" not in batches[0].series[0].channels
