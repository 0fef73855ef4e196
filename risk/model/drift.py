"""Whether the people scored today still look like those of the training: one stability index per input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from risk.model.inputs import standard
from risk.model.people import People, Values

WATCH: Final = 0.10
ACT: Final = 0.25
"""The usual reading of the population stability index: below 0.10 steady, from 0.25 another population."""
ENOUGH: Final = 300
TENTHS: Final = np.arange(0.1, 0.95, 0.1)
_FLOOR: Final = 1e-4  # an empty bin is a small share, not an endless one


@dataclass(frozen=True, slots=True)
class Drift:
    """One input. level: steady, watch, act, or too-few (under 300 people, where chance alone moves the index)."""

    input: str
    index: float
    missing: float
    level: str


def reference(people: People) -> dict[str, tuple[Values, Values]]:
    """Edges of the bins of each input and the share of the people in each; the last share is "not there"."""
    found = {}
    for name, known in standard().input.items():
        x = people[name]
        x = x[~np.isnan(x)]
        edges = np.arange(0.5, len(known.steps) - 1) if known.steps else np.unique(np.quantile(x, TENTHS))
        edges = np.round(edges.astype(np.float64), 5)
        found[name] = (edges, shares(people[name], edges))
    return found


def shares(values: Values, edges: Values) -> Values:
    """The share of the values in each bin (an edge belongs to the bin above), and of those not there."""
    gone = np.isnan(values)
    counts = np.bincount(np.searchsorted(edges, values[~gone], side="right"), minlength=len(edges) + 1)
    total = max(len(values), 1)
    return np.append(counts, gone.sum()) / total


def stability(expected: Values, found: Values) -> float:
    """The population stability index of two sets of shares.

    >>> stability(np.array([0.5, 0.5]), np.array([0.5, 0.5]))
    0.0
    """
    a, b = np.maximum(expected, _FLOOR), np.maximum(found, _FLOOR)
    return float(((b - a) * np.log(b / a)).sum())


def watch(people: People, expected: Mapping[str, tuple[Values, Values]]) -> list[Drift]:
    """Every input against the training: values among those that are there, and the share not there apart."""
    found = []
    for name, (edges, share) in expected.items():
        now = shares(people[name], edges)
        there = round(people.rows * (1.0 - float(now[-1])))
        index = 0.0
        if there:
            index = stability(share[:-1] / share[:-1].sum(), now[:-1] / now[:-1].sum())
        found.append(Drift(name, index, float(now[-1]), _level(index, there)))
    return found


def _level(index: float, there: int) -> str:
    if there < ENOUGH:
        return "too-few"
    return "act" if index >= ACT else "watch" if index >= WATCH else "steady"
