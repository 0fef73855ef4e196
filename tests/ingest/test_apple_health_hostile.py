"""Apple Health exports from a stranger: entities, damage, depth, tricks in archives, and memory."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingest.errors import BadPayload
from ingest.files import apple_health
from tests.ingest import apple_export as made
from tests.ingest.damage import damaged
from tests.ingest.samples import reasons_of, rows_of, values_of

TOKYO = ZoneInfo("Asia/Tokyo")
HOME = Path(__file__).resolve().parents[2]
BEAT = made.record("HeartRate", "61", "count/min")
SOUND = made.export(BEAT, made.sleep("Awake", 0, 60), made.correlation(*made.pressure_halves("120", "80", 9)))


def outcome(tmp_path, body, name="export.xml"):
    """The batches, or the error; BadPayload names field and file."""
    file = tmp_path / name
    file.write_bytes(body if isinstance(body, bytes) else body.encode())
    try:
        return list(apple_health.read(file, zone=TOKYO))
    except BadPayload as error:
        found = error
    assert found.field
    assert found.file
    assert len(str(found)) < 300
    return found


def refused(found, word):
    return isinstance(found, BadPayload) and word in str(found)


def test_the_broken_document_type_of_ios_16_is_no_obstacle(tmp_path):
    """Its declarations do not even close; nothing in them is needed."""
    assert values_of(outcome(tmp_path, SOUND), "8867-4") == [61]


def test_a_vertical_tab_is_dropped(tmp_path):
    """Exports hold control characters that XML does not allow."""
    body = SOUND.replace('"Watch"', '"Wa\x0btch"')
    assert values_of(outcome(tmp_path, body), "8867-4") == [61]


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE HealthData [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE HealthData [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE HealthData [<!ENTITY % p SYSTEM "http://127.0.0.1/x">]>',
        '<!DOCTYPE HealthData SYSTEM "http://127.0.0.1/x.dtd">',
        '<!DOCTYPE HealthData PUBLIC "x" "http://127.0.0.1/x.dtd" []>',
    ],
)
def test_entities_and_things_from_elsewhere_are_refused(tmp_path, doctype):
    """Nothing is expanded, nothing is fetched, nothing is opened."""
    body = made.export(BEAT, head=made.HEAD + doctype)
    assert refused(outcome(tmp_path, body), "entities are not allowed")


def test_an_entity_that_nothing_declares_is_refused(tmp_path):
    """Also when the document type is hidden behind a comment or comes late."""
    assert refused(outcome(tmp_path, SOUND.replace('"61"', '"&x;"')), "not well-formed")
    hidden = made.HEAD + '<!-- <a --><!DOCTYPE HealthData [<!ENTITY x "61">]>'
    body = made.export(BEAT, head=hidden).replace('"61"', '"&x;"')
    assert refused(outcome(tmp_path, body), "not allowed")
    closed = '<!DOCTYPE HealthData [<!-- ]> --><!ENTITY x "61">]>'
    assert isinstance(outcome(tmp_path, made.export(BEAT, head=closed)), BadPayload)


def test_a_document_type_that_does_not_end_is_refused(tmp_path):
    """Reading on for its end stops after a megabyte."""
    assert refused(outcome(tmp_path, "<!DOCTYPE HealthData ["), "does not end")
    assert refused(
        outcome(tmp_path, "<!DOCTYPE HealthData [" + "<!ELEMENT a EMPTY>" * 200_000), "does not end"
    )
    plain = made.export(BEAT, head=made.HEAD + "<!DOCTYPE HealthData>")
    assert values_of(outcome(tmp_path, plain), "8867-4") == [61]


def test_an_export_that_is_cut_anywhere_is_refused(tmp_path):
    """Half an export must not look like a whole one."""
    body = SOUND.encode()
    for cut in range(0, len(body) - 2, 7):
        assert isinstance(outcome(tmp_path, body[:cut]), BadPayload)


def test_elements_in_elements_have_an_end(tmp_path):
    """Depth is bounded, and an element of megabytes is no element."""
    assert refused(outcome(tmp_path, made.export("<a>" * 100 + "</a>" * 100)), "too deep")
    assert values_of(outcome(tmp_path, made.export("<a>" * 20 + "</a>" * 20, BEAT)), "8867-4") == [61]
    long = made.export(made.record("HeartRate", "9" * 5_000_000, "count/min"))
    assert refused(outcome(tmp_path, long), "longer than")


def test_wrong_root_and_wrong_encoding_are_refused(tmp_path):
    """The encoding that the file claims is not believed."""
    assert refused(outcome(tmp_path, "<Other><HealthData/></Other>"), "no Apple Health export")
    assert isinstance(outcome(tmp_path, SOUND.encode("utf-16")), BadPayload)
    assert isinstance(outcome(tmp_path, SOUND.encode() + b"\x93\xfa"), BadPayload)
    assert values_of(outcome(tmp_path, b"\xef\xbb\xbf" + SOUND.encode()), "8867-4") == [61]


def test_thousands_of_addresses_and_types_stay_one_source(tmp_path):
    """Each record with an address, unit or name of its own costs a count, not memory for ever."""
    body = made.export(
        *(
            made.record(
                "HeartRate", "61", "count/min", at=at, device=made.WATCH.format(address=at, software="9")
            )
            for at in range(300)
        ),
        *(made.record(f"Made{at}", "1", f"u{at}", at=at) for at in range(300)),
    )
    batches = outcome(tmp_path, body)
    assert len({row[2] for row in rows_of(batches)}) == 1
    assert reasons_of(batches)["unsupported-type", "Record.type"] == 300


@pytest.mark.parametrize("mark", ["x", "1", "-1:0", "0:9999999999999999999999", "0:1:2"])
def test_a_mark_of_another_reader_is_refused(tmp_path, mark):
    """Going on at the wrong place would lose data without a word."""
    file = tmp_path / "export.xml"
    file.write_text(SOUND)
    with pytest.raises(BadPayload, match="not a mark"):
        list(apple_health.read(file, zone=TOKYO, mark=mark))


def test_tricks_in_archives_are_refused(tmp_path):
    """Names that climb out, a cut archive, and a bomb."""
    climb, cut, bomb = (tmp_path / f"{name}.zip" for name in ("climb", "cut", "bomb"))
    with zipfile.ZipFile(climb, "w") as archive:
        archive.writestr("../../export.xml", SOUND)
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export.xml", made.export(" " * 50_000_000))
    with zipfile.ZipFile(cut, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export.xml", SOUND)
    whole = cut.read_bytes()
    cut.write_bytes(whole[:200] + whole[260:])
    for archive in (climb, cut, bomb):
        with pytest.raises(BadPayload):
            list(apple_health.read(archive, zone=TOKYO))
    for end in range(0, len(whole), 40):
        cut.write_bytes(whole[:end])
        with pytest.raises(BadPayload):
            list(apple_health.read(cut, zone=TOKYO))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(data=st.data())
def test_any_damage_gives_samples_counts_or_a_typed_refusal(tmp_path, data):
    """Bytes of a sound export replaced, inserted and removed."""
    outcome(tmp_path, damaged(data, SOUND.encode()))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(body=st.binary(max_size=80))
@example(body=b"<HealthData/>")
@example(body=b"<HealthData><Record/><Correlation/><MetadataEntry/></HealthData>")
@example(body=b"<!DOCTYPE HealthData><HealthData><Record><Record/></Record></HealthData>")
def test_any_bytes_give_samples_counts_or_a_typed_refusal(tmp_path, body):
    """The reader is total."""
    outcome(tmp_path, body)


def measured(tmp_path, size):
    """What reading a large export took, in a process of its own."""
    file = tmp_path / "export.xml"
    days = 0
    with file.open("wb") as out:
        for piece in made.large(size):
            out.write(piece)
            days += 1
    try:
        shown = subprocess.run(
            [sys.executable, "-m", "tests.ingest.measure_apple", str(file)],
            cwd=HOME,
            capture_output=True,
            check=True,
            timeout=600,
        )
    finally:
        file.unlink()
    found = json.loads(shown.stdout)
    assert found["samples"] == (days - 2) * made.PER_DAY
    return found


def test_sixty_megabytes_need_little_memory(tmp_path):
    """The file is streamed: what is kept does not grow with it."""
    found = measured(tmp_path, 60_000_000)
    assert found["peak_mb"] - found["before_mb"] < 60


@pytest.mark.slow
def test_a_gigabyte_is_read_in_less_than_400_megabytes(tmp_path):
    """An export of many years fits on any server."""
    found = measured(tmp_path, 1_000_000_000)
    assert found["peak_mb"] < 400
