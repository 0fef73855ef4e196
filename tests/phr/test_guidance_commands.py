"""The commands of guidance: an archive on the disk that the check accepts, and one sentence for everything else."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from phr.bootstrap import start
from phr.cli import main
from phr.commands import guidance as commands
from tests.conftest import FixedClock, settings_at
from tests.phr.services.guidance.people import OURS, begun, handed, year_of


@pytest.fixture
def city(database_url, monkeypatch):
    clock = FixedClock(datetime.now(UTC))
    made = start(settings_at(database_url, insurer_numbers=OURS, guidance_institution="3311234567"), clock)
    monkeypatch.setattr(commands, "system", lambda: made)
    yield made
    made.close()


def run(*words):
    return CliRunner().invoke(main, list(words))


def test_reports_are_written_and_pass_the_receiving_check(city, tmp_path):
    """An archive, a FHIR document for each person, the counts, and no second delivery under one name."""
    person, patient, _ = begun(city, city.clock)
    handed(city, person, patient)
    schemas = tmp_path / "xsd" / "coreschemas"
    schemas.mkdir(parents=True)
    (schemas / "voc.xsd").write_bytes(b"<x/>")
    words = ("guidance", "export", "--insurer", OURS, "--year", str(year_of(city)), str(tmp_path / "out"))
    done = run(*words, "--schemas", str(tmp_path / "xsd"), "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert told["reports"]["21"] >= 1
    archive = tmp_path / "out" / told["archive"]
    checked = run("guidance", "check", str(archive), "--json")
    assert json.loads(checked.output)["reports"] == told["reports"]
    assert json.loads(checked.output)["schemas"]
    documents = list((tmp_path / "out").glob("*.json"))
    assert len(documents) == sum(told["reports"].values())
    again = run(*words)
    assert again.exit_code == 1
    assert "--sequence" in again.stderr
    second = run(*words, "--sequence", "1")
    assert second.exit_code == 0
    assert "reports" in second.output
    plain = run("guidance", "check", str(next((tmp_path / "out").glob("*1_2.zip"))))
    assert "accepted, reports 21" in plain.output
    assert "not in it" in plain.output


def test_a_broken_archive_is_one_sentence_and_1(tmp_path):
    """With the place of the fault."""
    path = tmp_path / "3311234567_00138123_202611010_2.zip"
    path.write_bytes(b"PK")
    done = run("guidance", "check", str(path))
    assert done.exit_code == 1
    assert done.stderr == "archive: is no sound zip\n"


def test_an_insurer_without_courses_is_one_sentence_and_1(city, tmp_path):
    """Nothing is written."""
    city.clock.tick(timedelta(0))
    done = run("guidance", "export", "--insurer", "00000001", "--year", "2026", str(tmp_path / "none"))
    assert done.exit_code == 1
    assert "nobody is to be reported" in done.stderr
    assert not (tmp_path / "none").exists()
