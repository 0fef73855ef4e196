"""Trains the variants: penalty and recalibration from parts not used, missing levels by masking, spread by bootstrap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from risk.model import artifact
from risk.model.artifact import Model, Shape, Variant
from risk.model.drift import reference
from risk.model.hazard import HORIZON, Basis, Outcome, cumulative, fit
from risk.model.inputs import Inputs, VariantInputs, standard
from risk.model.metrics import concordance
from risk.model.nagala import Cohort
from risk.model.people import FEMALE, MALE, Values
from risk.model.score import stand_in

VERSION: Final = "1.0.0"
PENALTIES: Final = (2.0, 5.0, 12.0)
SEED: Final = 20151231
REPLICATES: Final = 60
DIRECTIONS: Final = 8
HIDING: Final = (0.3, 0.6, 1.0)  # shares of the optional inputs that are hidden: a few, many, all
HELD: Final = 40.0  # keeps the levels of "not there" near each other: a few hundred events cannot say more


def quiet(step: str) -> None:
    """Nobody is told."""
    del step


@dataclass(frozen=True, slots=True)
class Settings:
    """What a training may vary: the seed, and how many bootstrap replicates give the spread (0: none)."""

    seed: int = SEED
    replicates: int = REPLICATES


def train(cohort: Cohort, settings: Settings | None = None, note: Callable[[str], None] = quiet) -> Model:
    """The model of a cohort; the same cohort and settings give the same bytes. note: told each step."""
    settings = settings or Settings()
    cohort = complete(cohort)
    empty = _frame(cohort)
    variants = {}
    for inputs in standard().variants:
        note(inputs.name)
        variants[inputs.name] = _variant(cohort, inputs, settings, empty)
    trained = {
        "people": len(cohort.years),
        "events": int(cohort.event.sum()),
        "data_sha256": cohort.sha256,
        "seed": settings.seed,
        "replicates": settings.replicates,
    }
    return Model(VERSION, HORIZON, trained, empty.ranges, empty.lines, variants, reference(cohort.people))


def complete(cohort: Cohort) -> Cohort:
    """The people with every input: so few have a gap that leaving them out is clearer than inventing a value."""
    known = ~np.any([np.isnan(cohort.people[name]) for name in standard().input], axis=0)
    return cohort.rows(known)


def _frame(cohort: Cohort) -> Model:
    """A model without variants: the ranges seen and the stand-in lines."""
    known: Inputs = standard()
    ranges = {
        name: (float(np.floor(cohort.people[name].min())), float(np.ceil(cohort.people[name].max())))
        for name, value in known.input.items()
        if not value.steps
    }
    for name, value in known.input.items():
        if value.decimals:  # a tenth counts: the last value seen, not the next whole number
            column = cohort.people[name]
            ranges[name] = (float(np.floor(column.min() * 10) / 10), float(np.ceil(column.max() * 10) / 10))
    lines = {}
    for name, other in known.stand_in.items():
        both = []
        for sex in (FEMALE, MALE):
            rows = cohort.people["sex"] == sex
            slope, intercept = np.polyfit(cohort.people[other][rows], cohort.people[name][rows], 1)
            both.append((round(float(intercept), 5), round(max(float(slope), 0.0), 5)))
        lines[name] = (both[0], both[1])
    return Model("", HORIZON, {}, ranges, lines, {}, {})


def _variant(cohort: Cohort, inputs: VariantInputs, settings: Settings, frame: Model) -> Variant:
    penalty, slope = choose(cohort, inputs)
    basis = Basis.of(cohort.people.values, inputs.inputs)
    outcome = Outcome.of(cohort.years, cohort.event)
    ones = np.ones(len(cohort.years))
    design = basis.columns(cohort.people.values)
    found = fit(design, outcome, ones, penalty=basis.penalty(penalty), bounds=basis.bounds())
    centre = design.mean(axis=0)
    steps = slope * found.steps
    base = _base(cohort, (design - centre) @ steps, ones)
    spread = _spread(cohort, basis, design, penalty, slope, settings)
    shapes = {}
    for name, place in basis.places().items():
        shapes[name] = _shape(basis.knots[name], steps[place], spread[1:][place], centre[place])
    bare = Variant(inputs.name, base, spread[0], shapes, penalty, slope)
    return _missing_levels(cohort, inputs, bare, settings, frame)


def _base(cohort: Cohort, log_hazard: Values, weight: Values) -> float:
    """The logarithm of the average cumulative hazard, from the follow-up until the horizon."""
    near = Outcome.of(cohort.years, cohort.event, HORIZON)
    return float(np.log(cumulative(near.baseline(log_hazard, weight))))


def choose(cohort: Cohort, inputs: VariantInputs) -> tuple[float, float]:
    """Penalty with the best concordance on parts not used, and the slope that calibrates those predictions.

    The slope is estimated on the follow-up until the horizon, because that is what the model promises.
    """
    best, chosen = -1.0, (PENALTIES[0], np.zeros(0))
    for penalty in PENALTIES:
        predicted = unseen(cohort, inputs, penalty)
        found = concordance(cohort.years, cohort.event, predicted)
        if found > best + 1e-9:
            best, chosen = found, (penalty, predicted)
    near = Outcome.of(cohort.years, cohort.event, HORIZON)
    line = fit(
        chosen[1][:, None],
        near,
        np.ones(len(cohort.years)),
        penalty=np.zeros((1, 1)),
        bounds=[(0.5, 2.0)],
    )
    return chosen[0], float(line.steps[0])


def unseen(cohort: Cohort, inputs: VariantInputs, penalty: float) -> Values:
    """Log hazards of each part from a fit on the other parts."""
    predicted = np.zeros(len(cohort.years))
    for part in np.unique(cohort.part):
        held = cohort.part == part
        rest = cohort.rows(~held)
        basis = Basis.of(rest.people.values, inputs.inputs)
        design = basis.columns(rest.people.values)
        found = fit(
            design,
            Outcome.of(rest.years, rest.event),
            np.ones(len(rest.years)),
            penalty=basis.penalty(penalty),
            bounds=basis.bounds(),
        )
        score = basis.columns(cohort.people.part(held).values) @ found.steps
        predicted[held] = score + np.log(cumulative(found.rates))
    return predicted


def _shape(knots: Values, steps: Values, spread: Values, centre: Values) -> Shape:
    """Steps as levels at the knots, zero on average over the people of the training."""
    rise = np.concatenate([[0.0], np.cumsum(steps)]) - float(centre @ steps)
    moved = np.vstack([np.zeros(spread.shape[1]), np.cumsum(spread, axis=0)]) - centre @ spread
    return Shape(knots, rise, moved, 0.0, np.zeros(spread.shape[1]))


def _spread(
    cohort: Cohort, basis: Basis, design: Values, penalty: float, slope: float, settings: Settings
) -> Values:
    """The directions in which the bootstrap moves base and steps: (1 + steps) x directions."""
    if not settings.replicates:
        return np.zeros((design.shape[1] + 1, 1))
    draw = np.random.default_rng(settings.seed)
    size = len(cohort.years)
    outcome = Outcome.of(cohort.years, cohort.event)
    bounds, held = basis.bounds(), basis.penalty(penalty)
    centred = design - design.mean(axis=0)
    moves = []
    for _ in range(settings.replicates):
        weight = draw.multinomial(size, np.full(size, 1.0 / size)).astype(np.float64)
        steps = slope * fit(design, outcome, weight, penalty=held, bounds=bounds).steps
        moves.append(np.concatenate([[_base(cohort, centred @ steps, weight)], steps]))
    deviations = (np.array(moves) - np.mean(moves, axis=0)) / np.sqrt(settings.replicates - 1)
    return _main_directions(np.column_stack([np.ones(size), centred]), deviations)


def _main_directions(design: Values, deviations: Values) -> Values:
    """The few directions that carry most of the variance of the predictions, their signs fixed."""
    moved = deviations @ (design.T @ design / len(design)) @ deviations.T
    sizes, vectors = np.linalg.eigh(moved)
    order = np.argsort(sizes)[::-1][:DIRECTIONS]
    found = deviations.T @ vectors[:, order]
    signs = np.sign(found[np.abs(found).argmax(axis=0), np.arange(found.shape[1])])
    directions: Values = found * np.where(signs == 0, 1.0, signs)
    return directions


def _missing_levels(
    cohort: Cohort, inputs: VariantInputs, variant: Variant, settings: Settings, frame: Model
) -> Variant:
    """A level for "not there" of each optional input, learned by hiding inputs at random."""
    optional = [
        name for name in inputs.inputs if name not in inputs.all and not standard().input[name].needed
    ]
    draw = np.random.default_rng(settings.seed + 1)
    rate = draw.choice(HIDING, len(cohort.years))
    hidden = draw.random((len(cohort.years), len(optional))) < rate[:, None]
    holes = {
        name: np.where(hidden[:, place], np.nan, cohort.people[name]) for place, name in enumerate(optional)
    }
    seen = stand_in(cohort.people.replaced(holes), frame)
    known = np.zeros(len(cohort.years))
    for name, shape in variant.shapes.items():
        part = np.interp(seen[name], shape.knots, shape.levels)
        known += np.where(np.isnan(seen[name]), 0.0, part)
    gone = np.column_stack([np.isnan(seen[name]) for name in optional]).astype(np.float64)
    levels = fit(
        gone,
        Outcome.of(cohort.years, cohort.event),
        np.ones(len(gone)),
        penalty=HELD * (np.eye(len(optional)) - 1.0 / len(optional)),
        bounds=[(None, None)] * len(optional),
        offset=known,
    ).steps
    shapes = dict(variant.shapes)
    for name, level in zip(optional, levels, strict=True):
        old = shapes[name]
        shapes[name] = Shape(old.knots, old.levels, old.spread, float(level), old.missing_spread)
    return Variant(variant.name, variant.base, variant.base_spread, shapes, variant.penalty, variant.slope)


def manifest(model: Model, content: bytes, libraries: dict[str, str]) -> dict[str, object]:
    """What stands beside the artifact: its hash, what it was trained on and with."""
    return {
        "file": artifact.MODEL_FILE,
        "sha256": artifact.digest(content),
        "version": model.version,
        "trained": dict(model.trained),
        "libraries": libraries,
    }
