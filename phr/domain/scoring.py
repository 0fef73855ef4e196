"""Check-ups in columns through every rule at once: official judgement, published score, and our own model's order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from risk.checkup import FEMALE, MALE, MISSING, read
from risk.judge import Judged, judge
from risk.model import people as model_people
from risk.model.artifact import Model
from risk.model.inputs import standard
from risk.model.people import People
from risk.model.score import Scored as Ranked
from risk.model.score import score as rank
from risk.scores.evaluate import Scored, evaluate
from risk.scores.inputs import read as read_inputs
from risk.scores.model import DEFAULT, load

Values = npt.NDArray[np.float64]

ASKED: Final = ("hist_heart", "hist_stroke", "hist_renal")
"""Answers of a check-up that only scores read."""
READ: Final[Mapping[str, tuple[str, ...]]] = {
    "bmi": ("bmi",),
    "waist_cm": ("waist_cm",),
    "sbp": ("sbp_avg", "sbp2", "sbp1"),
    "dbp": ("dbp_avg", "dbp2", "dbp1"),
    "fpg": ("fpg",),
    "hba1c_ngsp": ("hba1c_ngsp",),
    "tg_fasting": ("tg_fasting",),
    "hdl": ("hdl",),
    "ldl": ("ldl",),
    "ast": ("ast",),
    "alt": ("alt",),
    "ggt": ("ggt",),
    "egfr": ("egfr",),
    "smoking": ("smoking",),
    "exercise": ("exercise_30",),
    "med_bp": ("med_bp",),
    "med_glucose": ("med_glucose",),
    **{name: (name,) for name in ASKED},
}
"""Where an input of a score or of the model comes from among the items of a check-up, the first that is there."""
DEFAULT_READS: Final = (
    *("sbp", "fpg", "hba1c_ngsp", "ldl", "hdl", "egfr", "smoking", "med_glucose"),
    *ASKED,
)
"""What the default score reads of a check-up: its terms, and the answers that put somebody outside of it."""
_SCORED: Final = (
    *("sbp", "dbp", "fpg", "hba1c_ngsp", "tg_fasting", "hdl", "ldl", "egfr", "bmi"),
    *("smoking", "med_bp", "med_glucose", *ASKED),
)


@dataclass(frozen=True, slots=True)
class Checkups:
    """Check-ups of many people as the rules take them. inputs: values by the names of scores and model; age in years."""

    judged: Judged
    inputs: Mapping[str, Values]
    age: Values


def judged(columns: Mapping[str, Any], age: Values, glucose_rule: str | None = None) -> Checkups:
    """The official judgement; a value that cannot be used is left out, so that one record does not stop a city."""
    rows = len(age)
    panel = read(columns, rows, bad=MISSING)
    found = judge(panel, glucose_rule=glucose_rule)
    used = found.used
    inputs = {
        name: panel.values[name]
        for name in ("bmi", "hba1c_ngsp", "hdl", "ldl", "ast", "alt", "ggt", "egfr", "smoking")
    }
    inputs |= {name: panel.values[name] for name in ("med_bp", "med_glucose")}
    inputs |= {"waist_cm": panel.values["waist"], "sbp": used.sbp, "dbp": used.dbp}
    inputs |= {"fpg": used.fpg, "tg_fasting": used.tg_fasting}
    inputs |= {name: _answer(columns, name, rows) for name in ASKED}
    inputs["exercise"] = 2.0 - _answer(columns, "exercise_30", rows)  # yes 1, no 2: as 1 and 0
    inputs["male"] = np.select([panel.sex == MALE, panel.sex == FEMALE], [1.0, 0.0], np.nan)
    return Checkups(found, inputs, age)


def _answer(columns: Mapping[str, Any], name: str, rows: int) -> Values:
    """A yes or no of the questionnaire; any other number is no answer."""
    if name not in columns:
        return np.full(rows, np.nan)
    given = np.asarray(columns[name], dtype=np.float64)
    return np.where((given == 1) | (given == 2), given, np.nan)


def published(checkups: Checkups, name: str = DEFAULT) -> Scored:
    """A published score of each; questions that no check-up asks count as answered by no, and are listed."""
    inputs = checkups.inputs
    columns: dict[str, Any] = {key: inputs[key] for key in _SCORED}
    columns["age"] = checkups.age
    columns["sex"] = np.select([inputs["male"] == 1, inputs["male"] == 0], ["M", "F"], "")
    return evaluate(load(name), read_inputs(columns, len(checkups.age), bad=MISSING), taken_as_no=True)


def people(checkups: Checkups) -> People:
    """The same people as our model reads them."""
    inputs, nothing = checkups.inputs, np.full(len(checkups.age), np.nan)
    values = {name: inputs.get(name, nothing) for name in standard().input}
    values["age"] = checkups.age
    values["sex"] = np.where(inputs["male"] == 1, model_people.MALE, model_people.FEMALE)
    values["sex"] = np.where(np.isnan(inputs["male"]), np.nan, values["sex"])
    values["smoking"] = 3.0 - inputs["smoking"]  # 1 current, 2 past, 3 never: as steps that rise
    return People(len(checkups.age), values, inputs["med_glucose"] == 1)


def ranked(who: People, model: Model) -> tuple[Ranked, Values]:
    """What our model says of each, and the order of the list: its risk, 0 where it gives none."""
    scored = rank(who, model)
    return scored, np.nan_to_num(scored.risk, nan=0.0)
