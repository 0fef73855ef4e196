"""A file of line resources: blocks, people, marks, and lines too long to be true."""

from __future__ import annotations

import pytest

from ingest.errors import BadPayload
from ingest.files import fhir_ndjson
from ingest.from_fhir import MAX_LINE


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of three lines, so that a short file has several."""
    monkeypatch.setattr(fhir_ndjson, "BLOCK_LINES", 3)


def minute(heart_rate, n, **changes):
    return heart_rate(effectiveDateTime=f"2026-06-10T06:{n:02d}:00+09:00", **changes) + b"\n"


def rows(batches):
    return sorted(start for batch in batches for series in batch.series for start in series.start.tolist())


def test_reading_resumed_at_any_mark_gives_the_rest(tmp_path, tokyo, heart_rate, small_blocks):
    """What was read up to a mark and what follows are the file, nothing twice and nothing lost."""
    path = tmp_path / "f.ndjson"
    path.write_bytes(b"".join(minute(heart_rate, n) for n in range(8)))
    whole = list(fhir_ndjson.read(path, zone=tokyo))
    assert [sum(map(len, batch.series)) for batch in whole] == [3, 3, 2]
    for place, batch in enumerate(whole):
        rest = list(fhir_ndjson.read(path, zone=tokyo, mark=batch.mark))
        assert rows([*whole[: place + 1], *rest]) == rows(whole)
    assert whole[-1].done == whole[-1].total == path.stat().st_size


def test_people_of_one_block_are_told_apart_and_share_its_beginning_as_mark(tmp_path, tokyo, heart_rate):
    """A crash between two people of a block must read the block again."""
    path = tmp_path / "f.ndjson"
    other = {"reference": "Patient/p2"}
    path.write_bytes(
        minute(heart_rate, 1) + minute(heart_rate, 2, subject=other) + b'{"resourceType":"Patient","id":"p2"}'
    )
    first, second = fhir_ndjson.read(path, zone=tokyo)
    assert (first.person_key, second.person_key) == ("Patient/p1", "Patient/p2")
    assert len(second.documents) == 1
    assert first.mark == "0,0"
    assert list(fhir_ndjson.read(path, zone=tokyo, mark=second.mark)) == []


def test_a_line_of_megabytes_is_refused_without_reading_it_whole(tmp_path, tokyo, heart_rate, small_blocks):
    """The lines around it stay good and keep their numbers."""
    path = tmp_path / "f.ndjson"
    long = b'{"x":"' + b"a" * (3 * MAX_LINE) + b'"}\n'
    path.write_bytes(minute(heart_rate, 1) + long + b"{broken\n" + minute(heart_rate, 2))
    batches = list(fhir_ndjson.read(path, zone=tokyo))
    assert len(rows(batches)) == 2
    assert {(r.reason, r.field) for b in batches for r in b.rejects} == {
        ("too-long", "line 2"),
        ("bad-json", "line 3"),
    }


@pytest.mark.parametrize("mark", ["x", "1", "-1,0", "999999,1", "1,²"])
def test_a_mark_of_another_file_is_refused(tmp_path, tokyo, mark):
    """Reading on from anywhere would lose lines silently."""
    path = tmp_path / "f.ndjson"
    path.write_bytes(b"{}\n")
    with pytest.raises(BadPayload, match="mark"):
        list(fhir_ndjson.read(path, zone=tokyo, mark=mark))


def test_a_file_that_is_not_there_is_a_bad_payload(tmp_path, tokyo):
    """One kind of error for the caller to handle."""
    with pytest.raises(BadPayload, match="cannot be opened"):
        list(fhir_ndjson.read(tmp_path / "none", zone=tokyo))
