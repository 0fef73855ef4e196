"""The criteria shared by the official judgements, in three-valued logic: no, unknown, yes.

With NO < UNKNOWN < YES, "or" is the maximum and "and" the minimum; a missing value is UNKNOWN, so the answer is YES
or NO only if it would be the same for every value the missing one could have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from risk.checkup import FEMALE, MALE, Panel
from risk.limits import Limit

Values = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
States = npt.NDArray[np.int8]

NO: Final = np.int8(0)
UNKNOWN: Final = np.int8(1)
YES: Final = np.int8(2)

NOT_FASTING: Final = (3, 4)
AFTER_A_MEAL: Final = 4


def state(values: Values, limit: Limit) -> States:
    """Beyond the limit, not beyond it, or no value."""
    result = np.where(limit.reached(values), YES, NO)
    result[np.isnan(values)] = UNKNOWN
    return result


def first_known(*states: States) -> States:
    """The first state that is not UNKNOWN, row by row."""
    result = states[0]
    for later in states[1:]:
        result = np.where(result == UNKNOWN, later, result)
    return result


def answered(values: Values) -> States:
    """A yes/no answer: 1 yes, any other code no, no answer unknown."""
    result = np.where(values == 1, YES, NO)
    result[np.isnan(values)] = UNKNOWN
    return result


@dataclass(frozen=True, slots=True)
class Used:
    """The values the rules may use, after the rules of measurement: which reading, which blood draw.

    sbp, dbp: the stored average before the second before the first reading (E1: never averaged again).
    Fasting values need a draw at least 10 h after a meal (code 2; a missing code leaves the column its name).
    Casual values need a code, and not the one for "within 3.5 h of a meal" (4).
    """

    sbp: Values
    dbp: Values
    tg_fasting: Values
    tg_casual: Values
    fpg: Values
    casual_glucose: Values


def usable(panel: Panel, casual_tg: Mask) -> Used:
    """What of the panel may be compared; ``casual_tg`` says in which rows the edition knows casual triglycerides."""
    draw = panel["blood_draw_code"]
    fasting = ~np.isin(draw, NOT_FASTING)
    casual = ~np.isnan(draw) & (draw != AFTER_A_MEAL)
    return Used(
        sbp=panel.first("sbp_avg", "sbp2", "sbp1"),
        dbp=panel.first("dbp_avg", "dbp2", "dbp1"),
        tg_fasting=np.where(fasting, panel["tg_fasting"], np.nan),
        tg_casual=np.where(casual & casual_tg, panel["tg_casual"], np.nan),
        fpg=np.where(fasting, panel["fpg"], np.nan),
        casual_glucose=np.where(casual, panel["casual_glucose"], np.nan),
    )


def blood_pressure(used: Used, limits: Mapping[str, Limit]) -> States:
    """Systolic or diastolic beyond its limit."""
    return np.maximum(state(used.sbp, limits["sbp"]), state(used.dbp, limits["dbp"]))


def lipids(panel: Panel, used: Used, limits: Mapping[str, Limit]) -> States:
    """Triglycerides (fasting; casual only when no fasting value is there) or HDL beyond its limit."""
    triglycerides = first_known(
        state(used.tg_fasting, limits["tg_fasting"]), state(used.tg_casual, limits["tg_casual"])
    )
    return np.maximum(triglycerides, state(panel["hdl"], limits["hdl"]))


def glucose(panel: Panel, used: Used, limits: Mapping[str, Limit], rule: str) -> States:
    """Fasting glucose, HbA1c, and casual glucose only when neither is there.

    fpg_priority: the first of them that was measured decides. any: fasting glucose or HbA1c, whichever is beyond.
    """
    fasting = state(used.fpg, limits["fpg"])
    long_term = state(panel["hba1c_ngsp"], limits["hba1c"])
    casual = state(used.casual_glucose, limits["casual_glucose"])
    if rule == "any":
        either = np.where((fasting == YES) | (long_term == YES), YES, first_known(fasting, long_term))
        return first_known(either, casual)
    return first_known(fasting, long_term, casual)


def waist(panel: Panel, limits: Mapping[str, Limit]) -> States:
    """Visceral fat area where it was measured, else the waist by the limit of the sex; E7: no sex, no limit."""
    girth = panel["waist"]
    by_sex = np.full(panel.rows, UNKNOWN)
    for sex, name in ((MALE, "waist_m"), (FEMALE, "waist_f")):
        by_sex = np.where(panel.sex == sex, state(girth, limits[name]), by_sex)
    return first_known(state(panel["vfa_cm2"], limits["vfa"]), by_sex)


def drugs(panel: Panel) -> dict[str, States]:
    """The three answers about medication."""
    return {name: answered(panel[name]) for name in ("med_bp", "med_glucose", "med_lipid")}
