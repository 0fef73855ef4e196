"""A baseline for the card: boosted trees on the same people and parts, with the same demanded directions."""

from __future__ import annotations

from typing import Final

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import Pipeline

from risk.model.hazard import Outcome
from risk.model.inputs import VariantInputs, standard
from risk.model.nagala import FOLDS, Cohort
from risk.model.people import Values

SIGNS: Final = {"up": 1, "down": -1, "free": 0}


def pipeline(inputs: VariantInputs) -> Pipeline:
    """Trees may combine inputs, which our tables cannot."""
    trees = HistGradientBoostingRegressor(
        loss="poisson",
        max_iter=150,
        learning_rate=0.03,
        max_leaf_nodes=8,
        min_samples_leaf=200,
        l2_regularization=5.0,
        monotonic_cst=[SIGNS[standard().input[name].direction] for name in inputs.inputs],
        early_stopping=False,
        random_state=0,
    )
    return Pipeline([("trees", trees)])


def unseen(cohort: Cohort, inputs: VariantInputs) -> Values:
    """Everybody's relative hazard from the parts they are not in.

    Events over expected events, weighed by expected events, is the likelihood of a hazard with censoring.
    """
    columns = np.column_stack([cohort.people[name] for name in inputs.inputs])
    found = np.zeros(len(columns))
    for part in range(FOLDS):
        held = cohort.part == part
        rest = cohort.rows(~held)
        outcome = Outcome.of(rest.years, rest.event)
        expected = outcome.exposure @ outcome.baseline(np.zeros(len(rest.years)), np.ones(len(rest.years)))
        fitted = pipeline(inputs).fit(columns[~held], rest.event / expected, trees__sample_weight=expected)
        found[held] = fitted.predict(columns[held])
    return found
