"""python -m ingest convert: what is written, the exit codes, one sentence on stderr."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from ingest.registry import FORMATS

CHECKUP = "atena_no,checkup_date,waist_cm,smoking,hdl\nA1,2026-06-10,85.0,3,x\n"


def run(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "ingest", *map(str, arguments)], capture_output=True, check=False
    )
    return done.returncode, done.stdout, done.stderr.decode()


def test_a_check_up_becomes_observations_with_the_same_ids_each_time(tmp_path):
    """Deterministic: converting twice gives the same bytes."""
    path = tmp_path / "c.csv"
    path.write_text(CHECKUP)
    code, out, said = run("convert", "checkup-csv", path)
    assert code == 0
    shown = [json.loads(line) for line in out.splitlines()]
    assert [o["code"]["coding"][0]["code"] for o in shown] == ["9N016160100000001", "9N736000000000011"]
    assert len({o["id"] for o in shown}) == 2
    assert said == "2 Observations written; left out: bad-value 1, no-observation 1.\n"
    assert run("convert", "checkup-csv", path)[1] == out


def test_the_zone_decides_which_midnight_a_day_begins_at(tmp_path):
    """The date itself stays the date of the file."""
    path = tmp_path / "c.csv"
    path.write_text(CHECKUP)
    outs = [
        run("convert", "checkup-csv", path, "--zone", zone)[1] for zone in ("Asia/Tokyo", "America/New_York")
    ]
    assert [json.loads(out.splitlines()[0])["effectiveDateTime"] for out in outs] == [
        "2026-06-10",
        "2026-06-10",
    ]
    assert outs[0] != outs[1]


def test_observations_converted_again_are_the_same_measurements(tmp_path):
    """Line files go through the same columns."""
    path = tmp_path / "c.csv"
    path.write_text(CHECKUP)
    again = tmp_path / "o.ndjson"
    again.write_bytes(run("convert", "checkup-csv", path)[1])
    lines = run("convert", "fhir-ndjson", again)[1].splitlines()

    def told(line):
        return {name: value for name, value in json.loads(line).items() if name != "id"}

    assert [told(line) for line in lines] == [told(line) for line in again.read_bytes().splitlines()]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 2),
        (("convert",), 2),
        (("convert", "no-such-format", "x"), 2),
        (("convert", "checkup-csv", "x", "--zone", "Mars/Olympus"), 2),
        (("convert", "checkup-csv", "/no/such/file"), 1),
        (("convert", "checkup-csv", "."), 1),
    ],
)
def test_wrong_usage_is_2_and_a_refused_file_1_with_one_sentence(arguments, code):
    """The contract of the commands."""
    status, out, said = run(*arguments)
    assert (status, out) == (code, b"")
    assert len(said.splitlines()) == 1


def test_a_broken_file_names_the_place_and_no_value(tmp_path):
    """Errors carry fields, never health values or names."""
    path = tmp_path / "c.csv"
    path.write_text('atena_no,checkup_date\n"A1"secret,2026-06-10\n')
    status, _, said = run("convert", "checkup-csv", path)
    assert (status, said) == (1, "c.csv: line 2: is not CSV\n")


def test_every_format_of_the_registry_says_what_it_delivers():
    """A format whose reader or coverage is missing must not be offered."""
    from ingest.codes import VITALS

    for name, each in FORMATS.items():
        assert each.name == name
        assert each.description
        assert each.coverage
        assert each.coverage <= VITALS.keys()
