"""Fraud signals about a day's steps: what a person should look at before points are given; nothing is decided here."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from phr.domain.samples import Columns

SIGNALS: Final = ("many", "steady", "fast", "night", "twin")
"""Every signal: more steps than are given unseen, a constant pace, an impossible pace, the whole night, two people."""

_MINUTE: Final = 60_000_000
_HOUR: Final = 3_600_000_000
_SHAPE: Final[Mapping[str, Mapping[str, tuple[float, float]]]] = {
    "fine": {"longest_minutes": (1, 60), "gap_seconds": (0, 600)},
    "steady": {
        "variation": (0, 0.5),
        "minutes": (10, 1440),
        "least_per_minute": (1, 300),
        "least_rows": (3, 1440),
    },
    "fast": {"per_minute": (100, 1000), "minutes": (1, 120)},
    "night": {"first_hour": (0, 23), "last_hour": (0, 23), "steps_an_hour": (1, 20000)},
    "twin": {"least_samples": (5, 1440)},
}
_Numbers = npt.NDArray[np.float64]


class FraudRulesError(ValueError):
    """The file of signals is wrong; names the place in it."""


@dataclass(frozen=True, slots=True)
class FraudRules:
    """When a day's steps are worth a look."""

    fine: Mapping[str, float]
    steady: Mapping[str, float]
    fast: Mapping[str, float]
    night: Mapping[str, float]
    twin_samples: int


@cache
def load_fraud_rules() -> FraudRules:
    """The signals of the file in this package."""
    return parse_fraud_rules(files("phr.domain").joinpath("fraud.toml").read_text("utf-8"))


def parse_fraud_rules(text: str) -> FraudRules:
    """The signals of a file, or one error that names the place: unknown keys are refused, too."""
    try:
        data: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise FraudRulesError("not TOML") from None
    if set(data) != set(_SHAPE):
        raise FraudRulesError("file: a table is missing or not known")
    for table, keys in _SHAPE.items():
        given = data[table]
        if not isinstance(given, dict) or set(given) != set(keys):
            raise FraudRulesError(f"{table}: a key is missing or not known")
        for key, (low, high) in keys.items():
            if type(given[key]) not in (int, float) or not low <= given[key] <= high:
                raise FraudRulesError(f"{table}.{key}: must be from {low:g} to {high:g}")
    if data["night"]["first_hour"] > data["night"]["last_hour"]:
        raise FraudRulesError("night: the first hour is after the last")
    return FraudRules(
        data["fine"], data["steady"], data["fast"], data["night"], int(data["twin"]["least_samples"])
    )


def signals_of(steps: Columns, midnight: int, rules: FraudRules) -> tuple[str, ...]:
    """The signals of a day's steps of one person. midnight: the city's, in microseconds since the epoch.

    Rows without a duration, or with a long one, tell no pace and give no signal: unknown is not suspicious.
    """
    found = []
    rows = _fine(steps, rules)
    if rows is not None:
        starts, minutes, values = rows
        walks = _walks(starts, minutes, rules)
        if any(_steady(minutes[walk], values[walk], rules) for walk in walks):
            found.append("steady")
        if any(_fast(minutes[walk], values[walk], rules) for walk in walks):
            found.append("fast")
        if _whole_night(starts, values, midnight, rules):
            found.append("night")
    return tuple(found)


def _fine(steps: Columns, rules: FraudRules) -> tuple[npt.NDArray[np.int64], _Numbers, _Numbers] | None:
    """Starts, minutes and values of the rows that are short enough to tell a pace."""
    if steps.duration is None:
        return None
    values = steps.channels["value"]
    short = (steps.duration > 0) & (steps.duration <= rules.fine["longest_minutes"] * _MINUTE) & (values > 0)
    if not short.any():
        return None
    return steps.start[short], steps.duration[short] / _MINUTE, values[short]


def _walks(starts: npt.NDArray[np.int64], minutes: _Numbers, rules: FraudRules) -> list[slice]:
    """Stretches of rows that follow each other closely."""
    ends = starts + (minutes * _MINUTE).astype(np.int64)
    breaks = np.flatnonzero(starts[1:] - ends[:-1] > rules.fine["gap_seconds"] * 1_000_000) + 1
    edges = [0, *breaks.tolist(), len(starts)]
    return [slice(first, last) for first, last in pairwise(edges)]


def _windows(minutes: _Numbers, least: float) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """For each row with which a window of so many minutes begins: that row, and the first row after the window."""
    passed = np.concatenate(([0.0], np.cumsum(minutes)))
    after = np.searchsorted(passed, passed[:-1] + least - 1e-9)
    begins = np.flatnonzero(after <= len(minutes))
    return begins, after[begins]


def _steady(minutes: _Numbers, values: _Numbers, rules: FraudRules) -> bool:
    """Whether the pace stays the same for long: the spread of the rows' paces, each weighted by its minutes."""
    begins, after = _windows(minutes, rules.steady["minutes"])
    if not len(begins):
        return False
    pace = values / minutes
    total, square, time = (
        np.concatenate(([0.0], np.cumsum(part))) for part in (values, values * pace, minutes)
    )
    length = time[after] - time[begins]
    mean = (total[after] - total[begins]) / length
    spread = np.sqrt(np.maximum((square[after] - square[begins]) / length - mean**2, 0))
    enough = (after - begins >= rules.steady["least_rows"]) & (mean >= rules.steady["least_per_minute"])
    return bool(np.any(enough & (spread < rules.steady["variation"] * mean)))


def _fast(minutes: _Numbers, values: _Numbers, rules: FraudRules) -> bool:
    """Whether the pace is above what people walk, for long."""
    begins, after = _windows(minutes, rules.fast["minutes"])
    total, time = (np.concatenate(([0.0], np.cumsum(part))) for part in (values, minutes))
    pace = (total[after] - total[begins]) / (time[after] - time[begins])
    return bool(np.any(pace > rules.fast["per_minute"]))


def _whole_night(starts: npt.NDArray[np.int64], values: _Numbers, midnight: int, rules: FraudRules) -> bool:
    """Whether every hour of the night has its steps."""
    hours = (starts - midnight) // _HOUR
    wanted = range(int(rules.night["first_hour"]), int(rules.night["last_hour"]) + 1)
    return all(values[hours == hour].sum() >= rules.night["steps_an_hour"] for hour in wanted)
