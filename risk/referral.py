"""Values at or beyond 受診勧奨判定値, for everybody with a value: any age, any level, with or without drugs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from risk.checkup import FEMALE, MALE, Panel
from risk.criteria import AFTER_A_MEAL
from risk.limits import Limit, Limits

Values = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Grades = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Cited:
    """One comparison that a label stands on: the column, its values, the limit, where it is reached."""

    item: str
    values: Values
    limit: Limit
    reached: Mask


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of value: the grade of each row (0 not reached) and the labels of the grades from 1 up."""

    labels: tuple[str, ...]
    grade: Grades
    cited: tuple[tuple[Cited, ...], ...]
    """For each grade, the comparisons that can give it."""


def judge(panel: Panel, limits: Limits) -> tuple[Finding, ...]:
    """Each kind of value against its limits.

    Blood of a draw within 3.5 h of a meal is not compared for glucose and triglycerides (case C24). Otherwise the
    column decides the limit: a wrong or missing draw code must not hide a high value.
    """
    rested = panel["blood_draw_code"] != AFTER_A_MEAL
    bounds = limits.referral

    def blood(name: str) -> Values:
        return np.where(rested, panel[name], np.nan)

    def one(label: str, item: str, values: Values) -> Finding:
        return _graded((label,), ((item, values, bounds[label.lower()]),))

    sbp, dbp = panel.first("sbp_avg", "sbp2", "sbp1"), panel.first("dbp_avg", "dbp2", "dbp1")
    pressure = [
        (("sbp", sbp, bounds[f"sbp{g}"]), ("dbp", dbp, bounds[f"dbp{g}"])) for g in ("", "_ii", "_iii")
    ]
    fasting, casual = blood("tg_fasting"), blood("tg_casual")
    fats = [
        (("tg_fasting", fasting, bounds[f"tg_fasting{g}"]), ("tg_casual", casual, bounds[f"tg_casual{g}"]))
        for g in ("", "_prompt")
    ]
    hb = panel["hb"]
    men, women = np.where(panel.sex == MALE, hb, np.nan), np.where(panel.sex == FEMALE, hb, np.nan)
    return (
        _graded(("BP", "BP_II", "BP_III"), *pressure),
        _graded(("TG", "TG_PROMPT"), *fats),
        *(
            _graded(
                (name.upper(), f"{name.upper()}_PROMPT"),
                ((name, panel[name], bounds[name]),),
                ((name, panel[name], bounds[f"{name}_prompt"]),),
            )
            for name in ("ldl", "non_hdl")
        ),
        one("FPG", "fpg", blood("fpg")),
        one("CASUAL_GLUCOSE", "casual_glucose", blood("casual_glucose")),
        one("HBA1C", "hba1c_ngsp", panel["hba1c_ngsp"]),
        *(one(name.upper(), name, panel[name]) for name in ("ast", "alt", "ggt", "egfr")),
        _graded(("HB",), (("hb", men, bounds["hb_m"]), ("hb", women, bounds["hb_f"]))),
        *(one(name.upper(), name, panel[name]) for name in ("urine_protein", "uric_acid")),
    )


def _graded(labels: tuple[str, ...], *steps: tuple[tuple[str, Values, Limit], ...]) -> Finding:
    """The highest step whose limit any of its values reaches."""
    cited = tuple(
        tuple(Cited(item, values, limit, limit.reached(values)) for item, values, limit in step)
        for step in steps
    )
    grade = np.zeros(len(cited[0][0].values), dtype=np.int8)
    for number, step in enumerate(cited, start=1):
        for comparison in step:
            grade[comparison.reached] = number
    return Finding(labels, grade, cited)
