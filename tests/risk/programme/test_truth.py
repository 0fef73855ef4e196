"""An invented programme whose true effect is known: the estimate recovers it, before and after does not."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest
from scipy import stats

from risk.__main__ import main
from risk.programme.change import change
from risk.programme.effect import effect
from risk.programme.uptake import uptake
from synthetic_data.__main__ import main as invent_files
from synthetic_data.programme import Effects, invent
from tests.risk.programme.people import RULES, a_programme

SEEDS, RESIDENTS = 40, 2500
JUDGED = ("weight_kg", "sbp")


def runs(effects: Effects, seeds: range, residents: int) -> dict[str, np.ndarray]:
    """For each outcome and way: estimate, low and high of every seed."""
    found: dict[str, list[tuple[float, float, float]]] = {}
    for seed in seeds:
        people = a_programme(invent(residents, seed, effects))
        estimates = {"uptake": uptake(people, [], RULES).against_not_invited}
        for code in JUDGED:
            estimates[code] = effect(people, code, "primary", RULES).effect
            estimates[f"{code} naive"] = change(people, code, "all", people.participants, RULES).change
        for name, one in estimates.items():
            found.setdefault(name, []).append((one.estimate, one.low, one.high))
    return {name: np.array(rows) for name, rows in found.items()}


@cache
def quick(none: bool) -> dict[str, np.ndarray]:
    """The quick runs, made once."""
    return runs(Effects.none() if none else Effects(), range(SEEDS), RESIDENTS)


def covered(rows: np.ndarray, truth: float) -> int:
    """In how many seeds the interval holds the truth."""
    return int(((rows[:, 1] <= truth) & (truth <= rows[:, 2])).sum())


def fewest(seeds: int) -> int:
    """What intervals of 95 % fall below in fewer than one of a thousand such tests."""
    return int(stats.binom.ppf(0.001, seeds, 0.95))


@pytest.mark.parametrize("none", [False, True], ids=["effect", "null"])
@pytest.mark.parametrize("name", [*JUDGED, "uptake"])
def test_the_truth_is_within_the_interval_as_often_as_it_says(name, none):
    """About 95 of 100 intervals, with an effect and without one; the null programme finds nothing."""
    truth = getattr(Effects.none() if none else Effects(), name)
    assert covered(quick(none)[name], truth) >= fewest(SEEDS)


@pytest.mark.parametrize("none", [False, True], ids=["effect", "null"])
def test_before_and_after_alone_is_wrong(none):
    """Regression to the mean and who comes: blood pressure falls by more than the programme does, in nearly every run."""
    truth = (Effects.none() if none else Effects()).sbp
    rows = quick(none)
    naive, judged = rows["sbp naive"][:, 0] - truth, rows["sbp"][:, 0] - truth
    assert naive.mean() < -1
    assert covered(rows["sbp naive"], truth) < fewest(SEEDS)
    assert abs(judged.mean()) < abs(naive.mean()) / 2


def test_the_estimates_are_right_in_the_middle():
    """Unbiased: the mean over the seeds is within four standard errors of the truth."""
    for none in (False, True):
        for name in (*JUDGED, "uptake"):
            errors = quick(none)[name][:, 0] - getattr(Effects.none() if none else Effects(), name)
            assert abs(errors.mean()) < 4 * errors.std(ddof=1) / np.sqrt(SEEDS), name


@pytest.mark.slow
@pytest.mark.parametrize("none", [False, True], ids=["effect", "null"])
def test_the_truth_is_within_the_interval_over_many_large_programmes(none):
    """The same with more seeds and more people, where a small bias would show."""
    effects = Effects.none() if none else Effects()
    rows = runs(effects, range(1000, 1200), 6000)
    for name in (*JUDGED, "uptake"):
        assert covered(rows[name], getattr(effects, name)) >= fewest(200), name


def test_the_commands_recover_it_from_files(tmp_path, capsys):
    """``synthetic_data programme`` and ``risk programme`` know of each other only by the files."""
    folder = tmp_path / "made"
    assert invent_files(["programme", "--seed", "7", "--effect", "sbp=-6", str(folder)]) == 0
    truth = json.loads(capsys.readouterr().out)
    years = [f"--year={y['year']}:{y['took_part']}/{y['invited']}" for y in truth["years_before"]]
    files = [str(folder / "enrolment.csv"), str(folder / "measures.csv")]
    assert main(["programme", *files, "--primary", "sbp", "--threshold", *years]) == 0
    found = json.loads(capsys.readouterr().out)
    first = found["effects"][0]
    assert first["effect"]["low"] <= truth["effects"]["sbp"] <= first["effect"]["high"]
    assert first["effect"]["high"] < 0
    assert len(found["uptake"]["years"]) == 3
    assert "regression-to-the-mean" in found["limits"]
