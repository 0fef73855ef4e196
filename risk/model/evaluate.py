"""Measures the way of training on people it has not seen: each part of the cohort is scored by the other parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from risk.model import challenger, train
from risk.model.artifact import Model
from risk.model.hazard import HORIZON, Outcome, fit
from risk.model.inputs import standard
from risk.model.metrics import Pairs, brier, calibration, concordance, net_benefit, observed, seen_by
from risk.model.nagala import FOLDS, Cohort
from risk.model.people import MALE, Mask, Values
from risk.model.score import score

HELD_OUT: Final = 0
"""The part that no choice of the design has looked at."""
DRAWS: Final = 200
SEED: Final = 7
THRESHOLDS: Final = (0.01, 0.02, 0.03, 0.05, 0.10)
BLOOD: Final = ("tg_fasting", "hdl", "alt", "ggt")
PATTERNS: Final[Mapping[str, tuple[str, ...]]] = {
    "with-blood": (),
    "hba1c": ("fpg",),
    "glucose": ("hba1c_ngsp",),
    "panel": ("fpg", "hba1c_ngsp"),
    "without-blood": ("fpg", "hba1c_ngsp", *BLOOD),
    "glucose-and-hba1c-alone": (*BLOOD, "bmi", "waist_cm", "sbp", "smoking", "exercise"),
    "without-waist": ("waist_cm",),
    "age-sex-bmi": ("fpg", "hba1c_ngsp", *BLOOD, "waist_cm", "sbp", "smoking", "exercise"),
    "age-sex": ("fpg", "hba1c_ngsp", *BLOOD, "bmi", "waist_cm", "sbp", "smoking", "exercise"),
}
"""What is hidden from the people that are scored; the first and the fifth are those of the aims."""

BASELINE: Final = {"with-blood": "glucose-and-hba1c", "without-blood": "plain"}
"""Which inputs the boosted trees of the same run read."""


def models(cohort: Cohort, note: Callable[[str], None] = train.quiet) -> list[Model]:
    """For each part, a model that has not seen it: penalty and recalibration are chosen without it too."""
    bare = train.Settings(replicates=0)
    trained = []
    for part in range(FOLDS):
        note(f"part {part + 1} of {FOLDS}")
        trained.append(train.train(cohort.rows(cohort.part != part), bare))
    return trained


def unseen(cohort: Cohort, trained: list[Model], hidden: tuple[str, ...]) -> Values:
    """Everybody's risk from the model that has not seen them; NaN where it gives none."""
    risk = np.full(len(cohort.years), np.nan)
    people = cohort.people.without(hidden)
    for part, model in enumerate(trained):
        rows = np.flatnonzero(cohort.part == part)
        risk[rows] = score(people.part(rows), model).risk
    return risk


def card(cohort: Cohort, shipped: Model, note: Callable[[str], None] = train.quiet) -> dict[str, Any]:
    """The figures of the model card."""
    cohort = train.complete(cohort)
    trained = models(cohort, note)
    patterns = {}
    for name, hidden in PATTERNS.items():
        note(name)
        risk = unseen(cohort, trained, hidden)
        patterns[name] = figures(cohort, risk, full=name in {"with-blood", "without-blood"})
    trees = {}
    for name, variant in BASELINE.items():
        note(f"boosted trees, {name}")
        inputs = next(each for each in standard().variants if each.name == variant)
        trees[name] = _r(concordance(cohort.years, cohort.event, challenger.unseen(cohort, inputs)))
    return {
        "model": "diabetes-onset",
        "version": shipped.version,
        "trained": dict(shipped.trained),
        "people": len(cohort.years),
        "events": int(cohort.event.sum()),
        "events_within_horizon": int((cohort.event * (cohort.years <= HORIZON)).sum()),
        "parts": FOLDS,
        "variants": {n: {"penalty": v.penalty, "slope": v.slope} for n, v in shipped.variants.items()},
        "unused": dict(standard().unused),
        "patterns": patterns,
        "boosted_trees": trees,
    }


def figures(cohort: Cohort, risk: Values, *, full: bool) -> dict[str, Any]:
    """Everything measured of one set of predictions."""
    known = ~np.isnan(risk)
    years, event, risk, part = cohort.years[known], cohort.event[known], risk[known], cohort.part[known]
    found, weight = seen_by(years, event, HORIZON)
    near = np.minimum(years, HORIZON), event * (years <= HORIZON)
    held = part == HELD_OUT
    answer: dict[str, Any] = {
        "without_risk": int((~known).sum()),
        "concordance": _r(concordance(years, event, risk)),
        "concordance_5_years": _r(concordance(*near, risk)),
        "concordance_held_out": _r(concordance(years[held], event[held], risk[held])),
        "mean_risk": _r(risk.mean(), 5),
        "observed_risk": _r(observed(years, event, HORIZON), 5),
        **dict(zip(("intercept", "slope"), map(_r, calibration(found, weight, risk)), strict=True)),
        "slope_all_follow_up": _r(slope_of_hazard(years, event, risk)),
        "brier": _r(brier(found, weight, risk), 5),
        "brier_of_the_mean": _r(brier(found, weight, np.full_like(risk, weight @ found / weight.sum())), 5),
    }
    if full:
        answer |= _intervals(years, event, risk)
        answer["subgroups"] = subgroups(cohort, known, risk)
        answer["deciles"] = deciles(years, event, risk)
        answer["decision_curve"] = [
            {"threshold": t, "model": _r(model, 5), "everyone": _r(everyone, 5)}
            for t in THRESHOLDS
            for model, everyone in [net_benefit(found, weight, risk, t)]
        ]
    return answer


def slope_of_hazard(years: Values, event: Values, risk: Values) -> float:
    """The slope of the log hazard over the whole follow-up: 1 when the order of magnitude holds beyond 5 years."""
    score_ = np.log(-np.log1p(-risk))[:, None]
    free: list[tuple[float | None, float | None]] = [(None, None)]
    found = fit(score_, Outcome.of(years, event), np.ones(len(risk)), penalty=np.zeros((1, 1)), bounds=free)
    return float(found.steps[0])


def _draws(size: int) -> npt.NDArray[np.int64]:
    """The weights of the bootstrap: how often each person is drawn."""
    return np.random.default_rng(SEED).multinomial(size, np.full(size, 1.0 / size), DRAWS)


def _intervals(years: Values, event: Values, risk: Values) -> dict[str, Any]:
    pairs = Pairs.of(years, event, risk)
    found, weight = seen_by(years, event, HORIZON)
    ranks, slopes = [], []
    for drawn in _draws(len(years)).astype(np.float64):
        ranks.append(pairs.concordance(drawn))
        slopes.append(calibration(found, weight * drawn, risk)[1])
    return {"concordance_interval": _interval(ranks), "slope_interval": _interval(slopes)}


def subgroups(cohort: Cohort, known: Mask, risk: Values) -> dict[str, Any]:
    """Concordance and calibration by sex and age; each gap to everybody with its bootstrap interval."""
    years, event = cohort.years[known], cohort.event[known]
    sex, age = cohort.people["sex"][known], cohort.people["age"][known]
    groups = {
        "women": sex != MALE,
        "men": sex == MALE,
        "under 40": age < 40,
        "40 to 49": (age >= 40) & (age < 50),
        "50 and over": age >= 50,
    }
    pairs = Pairs.of(years, event, risk)
    draws = _draws(len(years)).astype(np.float64)
    everybody = np.array([pairs.concordance(drawn) for drawn in draws])
    answer = {}
    for name, rows in groups.items():
        mine = Pairs.of(years[rows], event[rows], risk[rows])
        drawn = np.array([mine.concordance(weights[rows]) for weights in draws])
        gap = mine.concordance() - pairs.concordance()
        differences = []
        for weights in draws:
            times = weights[rows].astype(np.int64)
            y, e, r = (np.repeat(column[rows], times) for column in (years, event, risk))
            differences.append(observed(y, e, HORIZON) - r.mean())
        answer[name] = {
            "people": int(rows.sum()),
            "events": int(event[rows].sum()),
            "concordance": _r(mine.concordance()),
            "gap": _r(gap),
            "gap_interval": _interval(drawn - everybody),
            "mean_risk": _r(risk[rows].mean(), 5),
            "observed_risk": _r(observed(years[rows], event[rows], HORIZON), 5),
            "difference_interval": _interval(differences, 5),
        }
    return answer


def deciles(years: Values, event: Values, risk: Values) -> list[dict[str, float]]:
    """Mean and observed risk in tenths of the predicted risk."""
    tenth = np.searchsorted(np.quantile(risk, np.arange(0.1, 0.95, 0.1)), risk, side="right")
    return [
        {
            "people": int((tenth == place).sum()),
            "mean_risk": _r(risk[tenth == place].mean(), 5),
            "observed_risk": _r(observed(years[tenth == place], event[tenth == place], HORIZON), 5),
        }
        for place in range(10)
    ]


def _interval(values: Any, digits: int = 4) -> list[float]:
    return [_r(value, digits) for value in np.nanquantile(values, (0.025, 0.975))]


def _r(value: Any, digits: int = 4) -> float:
    return round(float(value), digits)
