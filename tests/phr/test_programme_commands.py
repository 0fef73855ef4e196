"""The commands of programmes: a list, people from a file, and the report as PDF."""

from __future__ import annotations

import json
from datetime import date
from uuid import uuid4

import pytest
from click.testing import CliRunner

from phr.cli import main
from phr.commands import programmes
from phr.services.evaluation.programmes import Plan
from tests.phr.services.scenes import a_person, nurse


@pytest.fixture
def run(system, monkeypatch):
    """Runs a command on the system of the tests."""
    monkeypatch.setattr(programmes, "system", lambda: system)
    return lambda *words: CliRunner().invoke(main, ["programme", *map(str, words)])


@pytest.fixture
def ident(system):
    plan = Plan("応援事業", "BMI25以上", date(2026, 1, 5), date(2026, 6, 30), "sbp")
    return str(system.programmes.make(plan, nurse()))


def test_a_programme_is_listed_filled_and_reported(system, run, ident, tmp_path):
    """The whole way without the pages; small counts are not in what leaves."""
    _, patient = a_person(system)
    people, paper = tmp_path / "people.csv", tmp_path / "report.pdf"
    people.write_text(f"patient,name\n{patient},x\nnobody,y\n", encoding="utf-8")
    assert ident in run("list").stdout
    done = json.loads(run("add", ident, people, "--cohort", "invited", "--json").stdout)
    assert done == {"added": 1, "known": 0, "refused": 1}
    made = json.loads(run("report", ident, paper, "--json").stdout)
    assert made["cohorts"]["invited"] is None
    assert paper.read_bytes().startswith(b"%PDF")
    assert "people could be used" in run("report", ident, paper).stdout
    listed = json.loads(run("list", "--json").stdout)["programmes"]
    assert next(one for one in listed if one["id"] == ident)["people"] == 1


def test_what_cannot_be_done_is_one_sentence(run, ident, tmp_path):
    """An id that is none, a programme that is not there, a file that is no table."""
    paper, file = tmp_path / "report.pdf", tmp_path / "people.csv"
    file.write_bytes(b"\xff\xfe\x00")
    for words in (
        ("report", "x", paper),
        ("report", uuid4(), paper),
        ("add", ident, file, "--cohort", "invited"),
    ):
        done = run(*words)
        assert done.exit_code == 1
        assert done.stderr.count("\n") == 1
    assert not paper.exists()
