"""An invented programme whose true effect is known: who was invited, who came, and what was measured.

What makes real programmes hard to judge is built in. Entry asks for a large waist or BMI at one check-up, so that
everybody's values fall back towards their usual ones afterwards. Who comes is younger, more often a woman and heavier.
Weight and pressure drift with age without any programme. Some are not measured again.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from synthetic_data import checkups
from synthetic_data.errors import BadOptionError
from synthetic_data.population import NUMERIC, Population, habits, load

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
OUTCOMES: Final = ("weight_kg", "waist_cm", "steps", "sbp", "hba1c")
PHASES: Final = ("earlier", "before", "after")
MOST: Final = 999_999
_DRAWN: Final = {"weight_kg": "weight_kg", "waist_cm": "waist_cm", "sbp": "sbp_avg", "hba1c": "hba1c_ngsp"}
_DECIMALS: Final = {"weight_kg": 1, "waist_cm": 1, "steps": 0, "sbp": 0, "hba1c": 2}
_DRIFT: Final = {"weight_kg": -0.08, "waist_cm": -0.06, "steps": -40.0, "sbp": 0.2, "hba1c": 0.003}
"""Change of a year for each year of age above 57."""
_BODY: Final = 0.95
"""Share of BMI and waist that a person keeps from one year to the next; blood values keep less (habits.toml)."""
_ORDINARY: Final = 0.15
"""The share that takes up guidance without the programme."""
_COHORTS: Final = {"invited": 0.48, "not-invited": 0.46, "volunteered": 0.06}
_FIRST_YEAR: Final = 2023
_STREAM: Final = 10


@dataclass(frozen=True, slots=True)
class Effects:
    """What the programme truly does to those who take part; ``uptake`` is what an invitation adds to the share."""

    weight_kg: float = -1.2
    waist_cm: float = -1.3
    steps: float = 900.0
    sbp: float = -3.0
    hba1c: float = -0.05
    uptake: float = 0.12

    @classmethod
    def none(cls) -> Effects:
        """A programme that does nothing."""
        return cls(**dict.fromkeys((f.name for f in fields(cls)), 0.0))

    @classmethod
    def of(cls, given: Iterable[str]) -> Effects:
        """From ``name=number`` texts; ``none`` begins with no effect at all."""
        names = {f.name for f in fields(cls)}
        effects = asdict(cls())
        for text in given:
            name, _, number = text.partition("=")
            if text == "none":
                effects = dict.fromkeys(names, 0.0)
            elif name in names and _finite(number):
                effects[name] = float(number)
            else:
                raise BadOptionError(
                    f"--effect must be none or NAME=NUMBER; names: {', '.join(sorted(names))}"
                )
        if not 0 <= effects["uptake"] <= 0.6:
            raise BadOptionError("--effect uptake must be between 0 and 0.6")
        return cls(**effects)


def _finite(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Programme:
    """The columns of the people whose check-up met the rule of entry, and the years before.

    values: outcome -> phase -> value, NaN where nothing was measured.
    """

    cohort: npt.NDArray[np.str_]
    age: Floats
    female: Mask
    enrolled: Mask
    completed: Mask
    withdrew: Mask
    values: Mapping[str, Mapping[str, Floats]]
    worn: Floats
    years: tuple[tuple[int, int, int], ...]
    effects: Effects = field(default_factory=Effects)

    def enrolment(self) -> dict[str, list[str]]:
        """The columns of the enrolment file."""
        flags = {name: getattr(self, name) for name in ("enrolled", "completed", "withdrew")}
        return {
            "person": [f"p{number:06}" for number in range(1, len(self.age) + 1)],
            "cohort": self.cohort.tolist(),
            "age": [f"{age:.0f}" for age in self.age],
            "sex": np.where(self.female, "F", "M").tolist(),
            **{name: np.where(mask, "1", "0").tolist() for name, mask in flags.items()},
        }

    def measures(self) -> dict[str, list[str]]:
        """The columns of the file of measurements: one row for each value."""
        columns: dict[str, list[str]] = {name: [] for name in ("person", "outcome", "phase", "value")}
        tables = [(code, phase, column) for code, by in self.values.items() for phase, column in by.items()]
        for outcome, phase, column in [*tables, ("worn_days", "after", self.worn)]:
            rows = np.flatnonzero(~np.isnan(column))
            columns["person"] += [f"p{row + 1:06}" for row in rows]
            columns["outcome"] += [outcome] * len(rows)
            columns["phase"] += [phase] * len(rows)
            columns["value"] += [f"{value:.{_DECIMALS.get(outcome, 1)}f}" for value in column[rows]]
        return columns


def invent(residents: int, seed: int, effects: Effects, region: str = "kumamoto") -> Programme:
    """A programme in a city of so many residents between 40 and 74; about a third meet the rule of entry."""
    if not 200 <= residents <= MOST:
        raise BadOptionError(f"--residents must be between 200 and {MOST}")
    if seed < 0:
        raise BadOptionError("--seed must not be negative")
    dice = np.random.default_rng([seed, _STREAM])
    population = load(region)
    female, age = _people(residents, population, dice)
    values, bmi = _years(female, age, population, dice)
    high = (values["waist_cm"]["before"] >= np.where(female > 0.5, 90, 85)) | (bmi >= 25)
    cohort = dice.choice(len(_COHORTS), p=list(_COHORTS.values()), size=residents)
    pull = (
        -0.06 * (age - 57)
        + 0.4 * female
        + 0.06 * (values["weight_kg"]["before"] - 75)
        + 0.02 * (values["sbp"]["before"] - 130)
    )
    chance = [_chances(pull, high, share) for share in (_ORDINARY + effects.uptake, _ORDINARY)]
    enrolled = dice.random(residents) < np.where(cohort == 0, *chance)
    kept = np.flatnonzero(high & (enrolled | (cohort != 2)))
    took_part = enrolled & (cohort != 1)
    worn = np.where(took_part, np.clip(dice.normal(5.2, 1.4, residents), 0, 7).round(1), np.nan)
    _change(values, effects, took_part, worn, age, dice)
    withdrew = took_part & (dice.random(residents) < 0.08)
    completed = took_part & ~withdrew & (dice.random(residents) < 0.8)
    invited = int((cohort[high] == 0).sum())
    return Programme(
        cohort=np.array(list(_COHORTS))[cohort[kept]],
        age=age[kept],
        female=female[kept] > 0.5,
        enrolled=enrolled[kept],
        completed=completed[kept],
        withdrew=withdrew[kept],
        values={code: {phase: column[kept] for phase, column in by.items()} for code, by in values.items()},
        worn=worn[kept],
        years=tuple((_FIRST_YEAR + i, int(dice.binomial(invited, _ORDINARY)), invited) for i in range(3)),
        effects=effects,
    )


def _chances(pull: Floats, high: Mask, share: float) -> Floats:
    """Everybody's chance to take part, such that the mean of those who may is the share; found by halving."""
    low, top = -20.0, 20.0
    for _ in range(50):
        middle = (low + top) / 2
        mean = float((1 / (1 + np.exp(-pull[high] - middle))).mean())
        low, top = (middle, top) if mean < share else (low, middle)
    return np.asarray(1 / (1 + np.exp(-pull - top)))


def _people(count: int, population: Population, dice: np.random.Generator) -> tuple[Floats, Floats]:
    """Sex and age of people of the age of the national check-up."""
    inside = (population.ages >= 40) & (population.ages < 75)
    weights = population.persons[inside]
    rows = dice.choice(len(weights), p=weights[:, 0] / weights[:, 0].sum(), size=count)
    return weights[rows, 1].copy(), (population.ages[inside][rows] + dice.integers(0, 5, count)).astype(
        np.float64
    )


def _years(
    female: Floats, age: Floats, population: Population, dice: np.random.Generator
) -> tuple[dict[str, dict[str, Floats]], Floats]:
    """Three years of check-ups and steps: a year's values are the usual ones and the year's luck. BMI of the middle."""
    count = len(age)
    stability = np.full(checkups.NORMALS, habits()["checkup"]["stability"])
    stability[[NUMERIC.index("bmi"), NUMERIC.index("waist_cm")]] = _BODY
    stability[len(NUMERIC)] = 1.0  # height
    usual = dice.standard_normal((count, checkups.NORMALS))
    values: dict[str, dict[str, Floats]] = {code: {} for code in OUTCOMES}
    tendency = dice.normal(0, 2200, count)
    bmi = np.zeros(count)
    for phase in PHASES:
        luck = dice.standard_normal((count, checkups.NORMALS))
        normals = np.sqrt(stability) * usual + np.sqrt(1 - stability) * luck
        drawn = checkups.draw(normals, dice.random((count, len(checkups.CHANCES))), female, age, population)
        bmi = drawn["bmi"] if phase == "before" else bmi
        for code, name in _DRAWN.items():
            values[code][phase] = drawn[name].copy()
        once = np.isnan(values["sbp"][phase])
        values["sbp"][phase][once] = drawn["sbp1"][once]
        steps = 7800 - 60 * (age - 57) + tendency + dice.normal(0, 900, count)
        values["steps"][phase] = np.where(dice.random(count) < 0.7, np.clip(steps, 300, 30_000), np.nan)
    return values, bmi


def _change(
    values: dict[str, dict[str, Floats]],
    effects: Effects,
    took_part: Mask,
    worn: Floats,
    age: Floats,
    dice: np.random.Generator,
) -> None:
    """Drift with age for everybody, the effect for participants (more for those who wear the device more), and losses."""
    share = np.where(took_part, 1 + 0.15 * (np.nan_to_num(worn) - 5.2), 0.0)
    share[took_part] /= share[took_part].mean() if took_part.any() else 1.0
    lost = dice.random(len(age)) < 0.08 + 0.003 * np.clip(70 - age, 0, 30)
    for code, by in values.items():
        by["earlier"] = by["earlier"] - _DRIFT[code] * (age - 57)
        by["after"] = by["after"] + _DRIFT[code] * (age - 57) + getattr(effects, code) * share
        by["after"][lost] = np.nan
        for phase, column in by.items():
            by[phase] = column.round(_DECIMALS[code])


def write(directory: Path, programme: Programme) -> dict[str, Any]:
    """``enrolment.csv``, ``measures.csv`` and ``truth.json`` into a new or empty folder; returns the truth."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise BadOptionError("DIR must be a new or an empty folder")
    directory.mkdir(parents=True, exist_ok=True)
    for name, columns in (("enrolment", programme.enrolment()), ("measures", programme.measures())):
        with (directory / f"{name}.csv").open("w", encoding="utf-8", newline="") as out:
            rows = csv.writer(out, lineterminator="\n")
            rows.writerow(columns)
            rows.writerows(zip(*columns.values(), strict=True))
    years = [{"year": year, "took_part": took, "invited": of} for year, took, of in programme.years]
    truth = {"people": len(programme.age), "effects": asdict(programme.effects), "years_before": years}
    (directory / "truth.json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    return truth
