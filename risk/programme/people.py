"""The people of a programme and what was measured of them, as columns; every fault names its column and row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from risk.errors import BadInput
from risk.programme.rules import Rules

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
COHORTS: Final = ("invited", "volunteered", "not-invited")
PHASES: Final = ("earlier", "before", "after")
"""A year before the programme (optional), at its start, at its end."""
WORN: Final = "worn_days"
"""Measured like an outcome, in the phase ``after``: days a week on which the device was worn."""
ENROLMENT: Final = ("person", "cohort", "age", "sex", "enrolled", "completed", "withdrew")
MEASURES: Final = ("person", "outcome", "phase", "value")


@dataclass(frozen=True, slots=True)
class People:
    """One place in every column for each person; ``values`` holds NaN where nothing was measured.

    values: outcome -> phase -> value. dropped: why rows of measurements were not used, and how many.
    """

    cohort: npt.NDArray[np.int8]
    age: Floats
    female: Mask
    enrolled: Mask
    completed: Mask
    withdrew: Mask
    values: Mapping[str, Mapping[str, Floats]]
    worn: Floats
    dropped: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.cohort)

    @property
    def invited(self) -> Mask:
        """Those whom the city invited."""
        return np.asarray(self.cohort == COHORTS.index("invited"))

    @property
    def not_invited(self) -> Mask:
        """Those with whom participants are compared."""
        return np.asarray(self.cohort == COHORTS.index("not-invited"))

    @property
    def participants(self) -> Mask:
        """Those who took part in the programme: enrolled after an invitation, or of their own accord."""
        return self.enrolled & ~self.not_invited


def read(
    enrolment: Mapping[str, Sequence[Any]], measures: Mapping[str, Sequence[Any]], rules: Rules
) -> People:
    """The columns of both tables. Rows about people or outcomes that are not known are dropped and counted."""
    people = _texts(enrolment, ENROLMENT, "person")
    index = pd.Index(people)
    _refuse(index.duplicated(), "appears twice", "person")
    _refuse(index == "", "is missing", "person")
    flags = {name: _flag(enrolment, name) for name in ENROLMENT[4:]}
    values, dropped = _measured(index, measures, rules)
    worn = values.pop(WORN)["after"]
    return People(
        cohort=_chosen(_texts(enrolment, ENROLMENT, "cohort"), COHORTS, "cohort"),
        age=_numbers(_texts(enrolment, ENROLMENT, "age"), "age", 0, 130),
        female=_chosen(_texts(enrolment, ENROLMENT, "sex"), ("M", "F"), "sex") == 1,
        **flags,
        values=values,
        worn=worn,
        dropped=dict(dropped),
    )


def _measured(
    index: pd.Index, given: Mapping[str, Sequence[Any]], rules: Rules
) -> tuple[dict[str, dict[str, Floats]], Counter[str]]:
    """Each outcome's columns by phase, and what was dropped."""
    limits = {code: (one.low, one.high) for code, one in rules.outcomes.items()}
    limits[WORN] = (0, rules.dose_days)
    values = {code: {phase: np.full(len(index), np.nan) for phase in PHASES} for code in limits}
    texts = {name: _texts(given, MEASURES, name) for name in MEASURES}
    rows = index.get_indexer(texts["person"])
    numbers = _numbers(texts["value"], "value", -np.inf, np.inf, empty=True)
    phases = _chosen(texts["phase"], PHASES, "phase")
    known = np.isin(texts["outcome"], list(limits))
    keys = pd.DataFrame({name: texts[name] for name in MEASURES[:3]})
    _refuse(keys.duplicated().to_numpy(), "is measured twice in one phase", "person")
    dropped = Counter(
        {"unknown-person": int((rows < 0).sum()), "unknown-outcome": int((~known & (rows >= 0)).sum())}
    )
    for code, (low, high) in limits.items():
        for place, phase in enumerate(PHASES):
            mine = (texts["outcome"] == code) & (phases == place) & (rows >= 0) & ~np.isnan(numbers)
            fits = mine & (numbers >= low) & (numbers <= high)
            dropped["implausible"] += int((mine & ~fits).sum())
            values[code][phase][rows[fits]] = numbers[fits]
    return values, +dropped


def _texts(given: Mapping[str, Sequence[Any]], wanted: Sequence[str], name: str) -> npt.NDArray[np.object_]:
    if name not in given:
        raise BadInput(f"is missing; the columns are {', '.join(wanted)}", field=name)
    cells = pd.Series(list(given[name]), dtype=object)
    return np.asarray(cells.where(cells.notna(), "").astype(str).str.strip(), dtype=np.object_)


def _numbers(
    texts: npt.NDArray[np.object_], name: str, low: float, high: float, *, empty: bool = False
) -> Floats:
    numbers: Floats = pd.to_numeric(pd.Series(texts), errors="coerce").to_numpy(np.float64)
    blank = texts == ""
    _refuse((~np.isfinite(numbers)) & ~(blank & empty), "is not a number", name)
    _refuse((numbers < low) | (numbers > high), "is out of range", name)
    return numbers


def _flag(given: Mapping[str, Sequence[Any]], name: str) -> Mask:
    texts = _texts(given, ENROLMENT, name)
    _refuse(~np.isin(texts, ["", "0", "1"]), "must be 1, 0 or empty", name)
    return np.asarray(texts == "1", dtype=np.bool_)


def _chosen(texts: npt.NDArray[np.object_], choices: Sequence[str], name: str) -> npt.NDArray[np.int8]:
    places = pd.Index(choices).get_indexer(texts)
    _refuse(places < 0, f"must be one of {', '.join(choices)}", name)
    return np.asarray(places, dtype=np.int8)


def _refuse(bad: Mask, problem: str, name: str) -> None:
    if bad.any():
        raise BadInput(problem, field=name, row=int(np.flatnonzero(bad)[0]))
