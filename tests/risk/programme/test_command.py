"""The command of programmes: one JSON object, or one sentence that names the file."""

from __future__ import annotations

import json

import pytest

from risk.__main__ import main

PEOPLE = "person,cohort,age,sex,enrolled,completed,withdrew\na,invited,50,M,1,0,0\nb,not-invited,60,F,0,0,0\n"
VALUES = "person,outcome,phase,value\na,sbp,before,150\na,sbp,after,140\n"


def run(tmp_path, people=PEOPLE, values=VALUES, *more):
    for name, text in (("people.csv", people), ("values.csv", values)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return main(["programme", str(tmp_path / "people.csv"), str(tmp_path / "values.csv"), *more])


def test_few_people_give_counts_and_no_estimates(tmp_path, capsys):
    """The answer to too few people is not a number."""
    assert run(tmp_path, PEOPLE, VALUES, "--year", "2024:1/2") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["effects"][0]["why"] == "too-few"
    assert found["uptake"]["invited"]["count"] == 1


@pytest.mark.parametrize(
    ("people", "values", "says"),
    [
        (PEOPLE.replace("60", "x"), VALUES, "people.csv: line 3, column age"),
        (PEOPLE, VALUES.replace("140", "x"), "values.csv: line 3, column value"),
        (PEOPLE, VALUES + "a,sbp,after,141\n", "values.csv: line 4, column person"),
        (PEOPLE, VALUES.replace("phase", "when"), "values.csv: column phase"),
    ],
)
def test_a_fault_names_its_file_line_and_column(tmp_path, capsys, people, values, says):
    """One sentence, no value."""
    assert run(tmp_path, people, values) == 1
    assert says in capsys.readouterr().err


def test_a_primary_outcome_that_is_not_known_is_refused(tmp_path, capsys):
    """From the list."""
    assert run(tmp_path, PEOPLE, VALUES, "--primary", "mood") == 1
    assert "primary" in capsys.readouterr().err


@pytest.mark.parametrize("year", ["2024", "2024:1-2", "x:1/2"])
def test_a_year_that_cannot_be_read_is_wrong_usage(tmp_path, year):
    """As argparse has it."""
    with pytest.raises(SystemExit) as error:
        run(tmp_path, PEOPLE, VALUES, "--year", year)
    assert error.value.code == 2
