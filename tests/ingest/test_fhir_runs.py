"""Lines of a run mean what they mean when each is parsed alone."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import fhir_runs
from ingest.from_fhir import parse_lines
from tests.ingest.conftest import HEART_RATE

_TIMES = st.sampled_from(
    [
        "2026-06-10T06:42:00+09:00",
        "2026-06-10T06:42:01.5Z",
        "2026-06-10T06:43:00",
        "2026-06-10",
        "2026-13-10T06:42:00Z",
        "",
        "x" * 90,
        "2026-06-10T06:42:0\u0031Z",
        "\N{HIRAGANA LETTER A}",
    ]
)
_NUMBERS = st.sampled_from(
    ["62", "62.5", "0", "-0", "-3.25", "6.2e1", "1e999", '"62"', "062", "null", "NaN", "1_0"]
)
_CHANGES = st.sampled_from(
    [
        (b'"final"', b'"preliminary"'),
        (b"Patient/p1", b"Patient/p2"),
        (b'"resourceType"', b'"note":[],"resourceType"'),
        (b'"status"', b'"id":"a","status"'),
        (b'"status"', b'"id":"a\\u0062","status"'),
        (b'"status"', b'"id":5,"status"'),
        (b'"status"', b'"effectiveDateTime":"2026-06-11T06:42:00+09:00","status"'),
        (b'"effectiveDateTime"', b'"effectiveDateTim\\u0065"'),
        (b'"code": "/min"}', b'"code": "/min", "value": 5}'),
        (b'"/min"', b'"/s"'),
        (b"}", b""),
        (b"bpm", "拍".encode()),
        (b"", b""),
    ]
)


def _line(time, number, change):
    shown = {**HEART_RATE, "effectiveDateTime": time}
    text = json.dumps(shown, ensure_ascii=False).replace('"value": 62', f'"value": {number}')
    return text.encode().replace(*change, 1)


def _meaning(parsed):
    rows = []
    for part in parsed.parts:
        for row, line in enumerate(part.lines[None].tolist()):
            values = {name: column[row].hex() for name, column in part.series.channels.items()}
            rest = part.series.start[row], part.series.offset[row], part.series.quality[row]
            rows.append((line, part.subject, part.series.code, values, *map(int, rest)))
    return sorted(rows, key=lambda row: row[0]), parsed.documents, parsed.rejects


@given(st.lists(st.builds(_line, _TIMES, _NUMBERS, _CHANGES), max_size=40))
@settings(deadline=None)
def test_lines_together_mean_what_each_means_alone(tokyo_zone, lines):
    """A run is a shorter way to the same columns, documents and refusals, whatever a line differs in."""
    plain = [_line("2026-06-10T06:42:00+09:00", "62", (b"", b""))] * 8
    together = _meaning(parse_lines([*plain, *lines], tokyo_zone))
    rows, documents, rejects = [], [], []
    for number, line in enumerate([*plain, *lines], start=1):
        alone = _meaning(parse_lines([line], tokyo_zone, first_line=number))
        for found, part in zip((rows, documents, rejects), alone, strict=True):
            found.extend(part)
    assert together == (rows, documents, rejects)


def test_lines_that_are_alike_are_read_as_a_run(tokyo, heart_rate):
    """The shorter way is taken: otherwise the property above says nothing."""
    runs = fhir_runs.Runs()
    lines = [heart_rate(effectiveDateTime=f"2026-06-10T06:42:{n:02}+09:00") for n in range(30)]
    for line in lines[:8]:
        runs.learn(line, 0, 0, json.loads(line)["effectiveDateTime"], 62.0)
    assert runs.follow(lines, 0, 1) == len(lines)
    assert runs.found[0].lines == list(range(1, 31))
    assert np.array_equal(parse_lines(lines, tokyo).series[0].channels["value"], np.full(30, 62.0))


def test_runs_that_no_line_follows_are_given_up(heart_rate):
    """Trying them on each line would cost more than it saves; what they took stays."""
    runs = fhir_runs.Runs()
    for number in range(600):
        line = heart_rate(device={"display": f"watch {number}"})
        runs.learn(line, number // 8, 0, HEART_RATE["effectiveDateTime"], 62.0)
    assert runs.found
    assert runs.follow([heart_rate(device={"display": "watch 7"})], 0, 1) == 0


@pytest.mark.parametrize("member", ["effectiveDateTime", "value", "id"])
def test_a_line_that_says_something_twice_makes_no_run(member):
    """Of two members of one name the last one counts, wherever it stands."""
    line = json.dumps({"id": "a", **HEART_RATE}).encode().replace(b'"value": 62', b'"value": 62.0')
    twice = {"effectiveDateTime": b'"effectiveDateTime": "x"', "value": b'"value": 1', "id": b'"id": "b"'}[
        member
    ]
    runs = fhir_runs.Runs()
    for _ in range(16):
        runs.learn(line[:-1] + b", " + twice + b"}", 0, 0, HEART_RATE["effectiveDateTime"], 62.0)
    assert runs.found == []


@pytest.fixture(scope="module")
def tokyo_zone():
    from zoneinfo import ZoneInfo

    return ZoneInfo("Asia/Tokyo")
