"""Five-year risk from the tables of the artifact: columns in, columns out, with what each input added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from risk.model.artifact import Model, Shape, Variant, shipped
from risk.model.inputs import VariantInputs, standard
from risk.model.people import FEMALE, Mask, People, Values

Z: Final = 1.959964  # two-sided 95 %
BLOCK: Final = 8192
"""Rows at a time, so that what is worked on stays in the cache of the processor."""


@dataclass(frozen=True, slots=True)
class Scored:
    """Results by row. added: input -> what it added to the log hazard (NaN where the row's variant does not read it).

    refused: why -> rows without a risk. missing: input -> rows in which the variant had to do without it.
    """

    risk: Values
    lower: Values
    upper: Values
    variant: npt.NDArray[np.int64]
    added: Mapping[str, Values]
    missing: Mapping[str, Mask]
    refused: Mapping[str, Mask]


def score(people: People, model: Model | None = None) -> Scored:
    """Risk over the horizon with its interval; no risk where the person is outside what the model has seen."""
    model = model or shipped()
    refused = refusals(people, model)
    usable = ~np.any(list(refused.values()), axis=0)
    chosen = choose(people)
    filled = stand_in(people, model)
    log_hazard, half = np.full(people.rows, np.nan), np.full(people.rows, np.nan)
    added = {name: np.full(people.rows, np.nan) for name in standard().input}
    missing = {
        name: refused.get(f"{name}:missing", np.zeros(people.rows, dtype=np.bool_)).copy()
        for name in standard().input
    }
    for place, inputs in enumerate(standard().variants):
        rows = np.flatnonzero(usable & (chosen == place))
        if not rows.size:
            continue
        variant = model.variants[inputs.name]
        for start in range(0, len(rows), BLOCK):
            block = rows[start : start + BLOCK]
            parts, spread = contributions(filled.part(block), variant)
            log_hazard[block] = variant.base + sum(parts.values())
            half[block] = Z * np.sqrt(np.einsum("ij,ij->i", spread, spread))
            for name, part in parts.items():
                added[name][block] = part
        for name in inputs.inputs:
            missing[name][rows] = np.isnan(people[name][rows])
    return Scored(
        risk=_risk(log_hazard),
        lower=_risk(log_hazard - half),
        upper=_risk(log_hazard + half),
        variant=np.where(usable, chosen, -1),
        added=added,
        missing=missing,
        refused=refused,
    )


def _risk(log_hazard: Values) -> Values:
    risk: Values = -np.expm1(-np.exp(log_hazard))
    return risk


def choose(people: People) -> npt.NDArray[np.int64]:
    """The first variant whose inputs are there, row by row."""
    chosen = np.full(people.rows, -1, dtype=np.int64)
    for place, variant in enumerate(standard().variants):
        chosen = np.where((chosen < 0) & fits(people, variant), place, chosen)
    return chosen


def fits(people: People, variant: VariantInputs) -> Mask:
    """Rows that have what a variant asks for."""
    found = np.ones(people.rows, dtype=np.bool_)
    for name in variant.all:
        found &= ~np.isnan(people[name])
    if variant.any:
        found &= np.any([~np.isnan(people[name]) for name in variant.any], axis=0)
    return found


def stand_in(people: People, model: Model) -> People:
    """The same people, a missing value read from its stand-in where that one is there."""
    filled: dict[str, Values] = {}
    women = people["sex"] == FEMALE
    for name, other in standard().stand_in.items():
        of_women, of_men = model.lines[name]
        low, high = model.ranges[name]
        x = people[other]
        line = np.where(women, of_women[0] + of_women[1] * x, of_men[0] + of_men[1] * x)
        filled[name] = np.where(np.isnan(people[name]), np.clip(line, low, high), people[name])
    return people.replaced(filled)


def contributions(people: People, variant: Variant) -> tuple[dict[str, Values], Values]:
    """What each input adds to the log hazard, and the directions in which the estimate could have moved."""
    parts = {name: _level(shape, people[name]) for name, shape in variant.shapes.items()}
    crossed = np.hstack([_crossed(shape, people[name]) for name, shape in variant.shapes.items()])
    steps = np.vstack([_spread_steps(shape) for shape in variant.shapes.values()])
    return parts, variant.base_spread + crossed @ steps


def _level(shape: Shape, x: Values) -> Values:
    """A curve at these values: between two knots on the straight line, beyond the outer ones flat."""
    level = np.interp(x, shape.knots, shape.levels)
    return np.where(np.isnan(x), shape.missing, level)


def _crossed(shape: Shape, x: Values) -> Values:
    """Columns that the spread is multiplied with: is it there, how far each interval is crossed, is it missing."""
    gone = np.isnan(x)
    found = np.zeros((len(x), len(shape.knots) + 1))
    found[:, 0] = ~gone
    widths = np.diff(shape.knots)
    found[:, 1:-1] = np.clip(
        (np.where(gone, shape.knots[0], x)[:, None] - shape.knots[:-1]) / widths, 0.0, 1.0
    )
    found[:, -1] = gone
    return found


def _spread_steps(shape: Shape) -> Values:
    return np.vstack([shape.spread[:1], np.diff(shape.spread, axis=0), shape.missing_spread[None, :]])


def refusals(people: People, model: Model) -> dict[str, Mask]:
    """Why a row has no risk: a needed answer is missing, a value belongs to a physician, or was never seen."""
    found: dict[str, Mask] = {}
    for name, known in standard().input.items():
        x = people[name]
        if known.needed:
            found[f"{name}:missing"] = np.isnan(x)
        high = np.inf if known.refuse_at is None else known.refuse_at
        found[f"{name}:referral-limit"] = x >= high
        if not known.steps:
            ends = model.ranges[name]
            found[f"{name}:out-of-range"] = (x < ends[0]) | ((x > ends[1]) & ~(x >= high))
    found["med_glucose:treated"] = people.treated
    return {why: mask for why, mask in found.items() if mask.any() or why == "age:missing"}
