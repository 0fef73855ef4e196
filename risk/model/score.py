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
        parts, spread = contributions(filled.part(rows), variant)
        log_hazard[rows] = variant.base + sum(parts.values())
        half[rows] = Z * np.sqrt(np.einsum("ij,ij->i", spread, spread))
        for name, part in parts.items():
            added[name][rows] = part
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
    spread = np.repeat(variant.base_spread[None, :], people.rows, axis=0)
    parts: dict[str, Values] = {}
    for name, shape in variant.shapes.items():
        part, moved = _read(shape, people[name])
        parts[name] = part
        spread += moved
    return parts, spread


def _read(shape: Shape, x: Values) -> tuple[Values, Values]:
    """A shape at these values: between two knots on the straight line, beyond the outer ones flat."""
    gone = np.isnan(x)
    place = np.clip(np.searchsorted(shape.knots, x, side="right") - 1, 0, len(shape.knots) - 2)
    left = shape.knots[place]
    share = np.clip((np.where(gone, left, x) - left) / (shape.knots[place + 1] - left), 0.0, 1.0)
    part = shape.levels[place] + share * (shape.levels[place + 1] - shape.levels[place])
    spread = shape.spread[place] + share[:, None] * (shape.spread[place + 1] - shape.spread[place])
    if gone.any():
        part[gone] = shape.missing
        spread[gone] = shape.missing_spread
    return part, spread


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
