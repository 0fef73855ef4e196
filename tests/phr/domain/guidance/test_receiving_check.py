"""The receiving check takes what we send and refuses a broken delivery with one clear line and no value."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.guidance.archive import INDEX, archive_name, file_name, index, packed
from phr.domain.guidance.events import Closed
from phr.domain.guidance.export_xml import document
from phr.domain.guidance.receiving_check import check
from phr.errors import Invalid
from tests.phr.domain.guidance.scenes import contacted, course, evaluated, report

SENDER, RECEIVER, DAY = "3311234567", "00138123", date(2026, 11, 1)
NAME = archive_name(SENDER, RECEIVER, DAY, 0)
FILE = file_name(SENDER, DAY, 0, 1)
ENDED = course(
    contacted(),
    evaluated("part", habits=("diet",), waist_cm=94.0, weight_kg=79.0),
    Closed(completed=False),
)
BODY = document(report(ENDED))
INDEX_BODY = index(SENDER, RECEIVER, DAY, 1)


def archive(body=BODY, found_index=INDEX_BODY, schemas=None, files=None):
    return packed(NAME, [(FILE, body)] if files is None else files, found_index, schemas or {})


def refused(body, name=f"{NAME}.zip"):
    with pytest.raises(Invalid) as error:
        check(body, name)
    text = str(error.value)
    assert "\n" not in text
    for value in ("津", "タムラ", "19700309", "94.0", "79.0"):
        assert value not in text.replace(FILE, "").replace(NAME, "")
    return text


def told(body):
    """What the check says of a delivery: accepted, or the text of its one error."""
    try:
        return f"accepted {check(body, f'{NAME}.zip').reports}"
    except Invalid as error:
        return str(error)


def test_our_own_archive_is_accepted():
    """And says that the official schemas are not in it, or are."""
    found = check(archive(), f"{NAME}.zip")
    assert found.reports == {"22": 1}
    assert not found.schemas
    assert check(archive(schemas={"hg08_V08.xsd": b"<x/>"}), f"{NAME}.zip").schemas


def test_the_same_delivery_is_the_same_bytes():
    """So that a hash proves what was sent."""
    assert archive() == archive()


def test_begun_and_evaluated_reports_of_two_people_are_one_delivery():
    """Each person has one file."""
    from tests.phr.domain.guidance.scenes import COURSE, FOURTH, SUBJECT, report_of

    other = type(SUBJECT)(
        *[getattr(SUBJECT, name) if name != "number" else "77" for name in SUBJECT.__slots__]
    )
    begun = report_of(course(), {}, FOURTH, other, ident=COURSE, version=1, made=DAY, institution=SENDER)
    files = [(FILE, BODY), (file_name(SENDER, DAY, 0, 2), document(begun))]
    found = check(archive(files=files, found_index=index(SENDER, RECEIVER, DAY, 2)), f"{NAME}.zip")
    assert found.reports == {"22": 1, "21": 1}


@pytest.mark.parametrize(
    "name",
    [
        "report.zip",
        f"{NAME}.tar",
        f"{NAME[:-1]}1.zip",
        NAME.replace("20261101", "20261341") + ".zip",
        f"{NAME}.zip.zip",
    ],
)
def test_another_name_is_refused(name):
    """sender_receiver_dayn_kind, with a day that exists, and the kind of guidance."""
    assert "archive" in refused(archive(), name)


CHANGES = {
    "another namespace": (rb'xmlns="urn:hl7-org:v3"', b'xmlns="urn:other"', "root or namespace"),
    "another list of reports": (b"6.1001", b"6.1003", "list of reports"),
    "another kind of report": (b'<code code="22"', b'<code code="10"', "kind of report"),
    "no day": (b'<effectiveTime value="20261101"', b'<effectiveTime value="20261199"', "no day"),
    "another insurer": (b'extension="00138123"', b'extension="00999999"', "another insurer"),
    "no insured number": (b'<id extension="1234" root="1.2.392.200119.6.205" />', b"", "insured number"),
    "no name": ("タムラ カズコ".encode(), b" ", "no name"),
    "no sex": (b'<administrativeGenderCode code="2"', b'<administrativeGenderCode code="3"', "sex"),
    "no birth day": (b'birthTime value="19700309"', b'birthTime value="1970"', "birthTime"),
    "another author": (b'extension="3311234567"', b'extension="3399999999"', "is not the sender"),
    "no custodian": (b"custodian>", b"keeper>", "custodian"),
    "no person": (b"patientRole>", b"role>", "no person"),
    "another service": (b'code="1" codeSystem="1.2.392.200119.6.1006"', b'code="1" codeSystem="1"', "serviceEvent"),
    "no body": (b"structuredBody>", b"body>", "no body"),
    "an unknown section": (b'code="90070"', b'code="90099"', "unknown section"),
    "an unknown item": (b'code="1042001031"', b'code="1042009999"', "on no list"),
    "an item of another section": (b'code="1042001031" codeSystem="1.2.392.200119.6.1006"', b'code="1021001054" codeSystem="1.2.392.200119.6.1006"', "another section"),
    "a wrong unit": (b'unit="cm"', b'unit="m"', "no number in cm"),
    "a value beyond its range": (b'value="94.0"', b'value="994.0"', "beyond its input range"),
    "no number": (b'value="94.0"', b'value="9e9"', "no number"),
    "an unknown answer": (b'code="1" codeSystem="1.2.392.200119.6.24090"', b'code="7" codeSystem="1.2.392.200119.6.24090"', "unknown answer"),
    "an answer of another list": (b'"1.2.392.200119.6.24090"', b'"1.2.392.200119.6.24091"', "answer of its list"),
    "two values": (b'xsi:type="PQ" value="94.0" unit="cm" />', b'xsi:type="PQ" value="94.0" unit="cm" /><value />', "one value"),
    "an unknown form": (b'<code code="1" codeSystem="1.2.392.200119.6.24010"', b'<code code="9" codeSystem="1.2.392.200119.6.24010"', "form of support"),
    "an act of another list": (b"6.24010", b"6.3004", "another list"),
    "an act by nobody": (b'<code code="2" codeSystem="1.2.392.200119.6.3020"', b'<code code="5" codeSystem="1.2.392.200119.6.3020"', "by nobody"),
    "an act without a day": (b'<effectiveTime value="20260621"', b'<effectiveTime value=""', "act"),
    "a document type": (b"<ClinicalDocument", b'<!DOCTYPE x [<!ENTITY a "b">]><ClinicalDocument', "document types"),
    "no XML": (b"</ClinicalDocument>", b"", "well-formed"),
    "another encoding": (b'encoding="UTF-8"', b'encoding="Shift_JIS"', "UTF-8"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_broken_file_is_refused_with_its_name_and_the_fault(change):
    """One line, no value of anybody."""
    old, new, told = CHANGES[change]
    assert old in BODY
    text = refused(archive(BODY.replace(old, new)))
    assert told in text
    assert FILE in text


def test_a_missing_required_item_is_named():
    """The line says which one."""
    result = re.search(
        rb'<entryRelationship typeCode="COMP"><observation[^>]*><code code="1042001044".*?</entryRelationship>',
        BODY,
    ).group()
    assert "weight-waist is missing" in refused(archive(BODY.replace(result, b"")))
    section = re.search(rb'<section><code code="90010".*?</section>', BODY, re.DOTALL).group()
    assert "level is missing" in refused(
        archive(BODY.replace(section, section.split(b"<entry>")[0] + b"</section>"))
    )


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b"tokuteikenshin", b"elsewhere", "namespace"),
        (b"3311234567", b"3311234568", "sender"),
        (b"00138123", b"00138124", "receiver"),
        (b'serviceEventType code="2"', b'serviceEventType code="1"', "another kind"),
        (b'totalRecordCount value="1"', b'totalRecordCount value="2"', "counts other"),
        (b"<sender>", b"<x /><sender><y /></sender><sender2>", "well-formed"),
        (b"<receiver>", b"<receiver><id /></receiver><receiver>", "receiver"),
    ],
)
def test_an_index_that_says_something_else_is_refused(old, new, told):
    """Sender, receiver, kind and number are those of the archive."""
    assert told in refused(archive(found_index=INDEX_BODY.replace(old, new)))


def zipped(*members, compression=zipfile.ZIP_DEFLATED):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", compression) as made:
        for name, body in members:
            made.writestr(name, body)
    return held.getvalue()


GOOD = ((f"{NAME}/{INDEX}", INDEX_BODY), (f"{NAME}/DATA/{FILE}", BODY))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "no sound zip"),
        (b"PK\x03\x04" + b"x" * 40, "no sound zip"),
        (zipped(GOOD[1]), f"has no {INDEX}"),
        (zipped(GOOD[0]), "no file in DATA"),
        (zipped(*GOOD, (f"{NAME}/readme.txt", b"")), "outside"),
        (zipped(*GOOD, ("other/DATA/x.xml", b"")), "outside"),
        (zipped(*GOOD, (f"{NAME}/DATA/../../x.xml", b"")), "outside"),
        (zipped(*GOOD, (f"{NAME}/CLAIMS/p1.xml", b"")), "su08"),
        (zipped(GOOD[0], (f"{NAME}/DATA/h1.xml", BODY)), "no name of a guidance file"),
        (zipped(*GOOD, compression=zipfile.ZIP_LZMA), "packed in another way"),
        (zipped(GOOD[0], (f"{NAME}/DATA/{FILE}", b" " * 3_000_000)), "too large"),
    ],
)
def test_another_archive_is_refused(body, told):
    """Its folders, its files, and nothing beside them."""
    assert told in refused(body)


def test_a_delivery_with_too_many_files_is_refused_before_it_is_read(monkeypatch):
    """A bound, so that an archive cannot fill the memory."""
    from phr.domain.guidance import receiving_check

    monkeypatch.setattr(receiving_check, "_MOST", 1)
    assert "larger" in refused(archive())


def test_folders_and_a_summary_in_the_archive_are_no_fault():
    """Other programs write entries for folders, and su08 where there are settlements."""
    more = ((f"{NAME}/DATA/", b""), (f"{NAME}/su08_V08.xml", b"<x/>"), (f"{NAME}/CLAIMS/p1.xml", b"<x/>"))
    assert check(zipped(*GOOD, *more), f"{NAME}.zip").reports == {"22": 1}


def test_two_files_of_one_person_are_refused():
    """One person, one file."""
    second = file_name(SENDER, DAY, 0, 2)
    files = [(FILE, BODY), (second, BODY)]
    text = refused(archive(files=files, found_index=index(SENDER, RECEIVER, DAY, 2)))
    assert "second file of one person" in text


@given(st.integers(0, len(BODY) - 1), st.binary(min_size=1, max_size=3))
def test_no_damage_to_a_file_gives_another_error(place, piece):
    """Total: accepted, or refused with one typed error."""
    body = BODY[:place] + piece + BODY[place + len(piece) :]
    assert "\n" not in told(archive(body))


@given(st.integers(0, 4000), st.integers(0, 255))
def test_no_damage_to_an_archive_gives_another_error(place, byte):
    """As above, for the zip itself."""
    whole = bytearray(archive())
    whole[place % len(whole)] = byte
    assert "\n" not in told(bytes(whole))
