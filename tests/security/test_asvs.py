"""The checklist of ASVS 5.0 stays alive: each line has a state, and what it names as proof exists."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from docs.asvs_page import STATES, requirements

ROOT = Path(__file__).resolve().parents[2]
ROWS = requirements()
# Requirements of levels 1 and 2 in each section of ASVS 5.0.0; a line that is dropped shows.
SECTIONS = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1, "3.2": 2, "3.3": 4,
    "3.4": 6, "3.5": 5, "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4, "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3,
    "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4, "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5,
    "7.5": 2, "7.6": 2, "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1, "9.1": 3, "9.2": 4, "10.1": 2, "10.2": 2, "10.3": 4,
    "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3, "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1,
    "12.1": 3, "12.2": 2, "12.3": 4, "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5, "14.1": 2, "14.2": 4, "14.3": 3,
    "15.1": 3, "15.2": 3, "15.3": 7, "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3, "17.1": 1, "17.2": 4,
    "17.3": 2,
}  # fmt: skip


@cache
def _tests(path: Path) -> frozenset[str]:
    return frozenset(re.findall(r"^(?:async )?def (test_\w+)", path.read_text("utf-8"), re.MULTILINE))


def missing(evidence: str) -> list[str]:
    """What a line names and the tree has not."""
    gone = []
    for one in evidence.split():
        name, _, test = one.partition("::")
        path = ROOT / name
        if not path.exists() or (test and test not in _tests(path)):
            gone.append(one)
    return gone


def test_every_requirement_of_level_one_and_two_has_its_line():
    """No section lacks a line, and none is there twice."""
    idents = [one["id"] for one in ROWS]
    assert len(idents) == len(set(idents))
    found = dict.fromkeys(SECTIONS, 0)
    for ident in idents:
        found[ident.rsplit(".", 1)[0]] += 1
    assert found == SECTIONS


@pytest.mark.parametrize("row", ROWS, ids=[one["id"] for one in ROWS])
def test_what_a_line_names_as_proof_exists(row):
    """A test that was renamed or a page that is gone makes the claim false."""
    assert row["state"] in STATES
    assert row["level"] in {"1", "2"}
    assert missing(row["evidence"]) == []
    if row["state"] in {"part", "not"}:
        assert row["note"], "says what is missing"
    if row["state"] == "met":
        assert row["evidence"] or row["note"]


def test_a_proof_that_is_gone_is_found():
    """The check itself can fail."""
    assert missing("tests/security/test_asvs.py::test_that_never_was docs/nowhere.md") == [
        "tests/security/test_asvs.py::test_that_never_was",
        "docs/nowhere.md",
    ]
