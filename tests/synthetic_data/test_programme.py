"""The invented programme: the same seed gives the same files, and what it says of itself is so."""

from __future__ import annotations

import json

import numpy as np
import pytest

from synthetic_data.__main__ import main
from synthetic_data.errors import BadOptionError
from synthetic_data.programme import Effects, invent, write


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    """And another seed gives others."""
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write(tmp_path / name, invent(300, seed, Effects()))
    a, b, c = ((tmp_path / name / "measures.csv").read_bytes() for name in "abc")
    assert a == b
    assert a != c


def test_everybody_meets_the_rule_of_entry_and_the_values_fall_back():
    """Large at the check-up of entry, less so a year later, without any programme."""
    made = invent(5000, 1, Effects.none())
    waist = made.values["waist_cm"]
    both = ~np.isnan(waist["after"]) & ~np.isnan(waist["before"])
    assert (waist["after"] - waist["before"])[both].mean() < -0.3
    assert set(made.cohort.tolist()) == {"invited", "not-invited", "volunteered"}
    assert made.enrolled[made.cohort == "volunteered"].all()


def test_who_comes_is_younger_and_heavier():
    """Self-selection is built in."""
    made = invent(5000, 1, Effects())
    came = made.enrolled & (made.cohort == "invited")
    stayed = ~made.enrolled & (made.cohort == "invited")
    assert made.age[came].mean() < made.age[stayed].mean() - 1
    assert np.nanmean(made.values["weight_kg"]["before"][came]) > np.nanmean(
        made.values["weight_kg"]["before"][stayed]
    )


def test_a_programme_changes_participants_only():
    """The same dice without an effect differ in nobody else."""
    one, none = invent(2000, 3, Effects(uptake=0)), invent(2000, 3, Effects.none())
    moved = one.values["sbp"]["after"] - none.values["sbp"]["after"]
    took_part = one.enrolled & (one.cohort != "not-invited")
    assert np.nanmean(moved[took_part]) == pytest.approx(-3, abs=0.5)
    assert np.nanmax(np.abs(moved[~took_part])) == 0


def test_the_command_writes_three_files_and_says_the_truth(tmp_path, capsys):
    """What is on stdout is what is in truth.json."""
    assert (
        main(
            [
                "programme",
                "--residents",
                "300",
                "--effect",
                "none",
                "--effect",
                "uptake=0.2",
                str(tmp_path / "x"),
            ]
        )
        == 0
    )
    assert json.loads(capsys.readouterr().out) == json.loads((tmp_path / "x" / "truth.json").read_text())
    assert sorted(path.name for path in (tmp_path / "x").iterdir()) == [
        "enrolment.csv",
        "measures.csv",
        "truth.json",
    ]


@pytest.mark.parametrize(
    "arguments",
    [["--residents", "10"], ["--seed", "-1"], ["--effect", "mood=1"], ["--effect", "sbp=nan"], ["--effect", "sbp=x"],
     ["--effect", "uptake=0.9"], ["--region", "mars"]],
)  # fmt: skip
def test_options_that_cannot_be_are_refused(tmp_path, capsys, arguments):
    """One sentence and 2."""
    assert main(["programme", *arguments, str(tmp_path / "x")]) == 2
    assert capsys.readouterr().err.startswith("synthetic_data: ")


def test_a_folder_with_something_in_it_is_refused(tmp_path):
    """Nothing is overwritten."""
    (tmp_path / "here").write_text("x")
    with pytest.raises(BadOptionError):
        write(tmp_path, invent(300, 1, Effects()))
