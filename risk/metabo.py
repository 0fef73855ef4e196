"""The metabolic-syndrome judgement (code 9N501): 1 present, 2 reserve, 3 absent, 4 undecided.

It differs from the stratification: fasting glucose counts from 110, a drug counts as a risk, and neither BMI nor
smoking nor the age of 65 plays a part.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from risk import criteria
from risk.checkup import Panel
from risk.criteria import NO, UNKNOWN, YES
from risk.limits import Limits

PRESENT: Final = 1
RESERVE: Final = 2
ABSENT: Final = 3
UNDECIDED: Final = 4


def judge(
    panel: Panel, limits: Limits, *, casual: bool, casual_tg: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int8]:
    """The judgement of each row, for people of any age.

    casual: whether casual values may decide. No source says that they may, so by default they count as missing.
    """
    bounds = limits.metabo
    used = criteria.usable(panel, casual_tg & casual)
    if not casual:
        used.casual_glucose.fill(np.nan)
    drugs = criteria.drugs(panel)
    risks = np.stack(
        [
            np.maximum(criteria.blood_pressure(used, bounds), drugs["med_bp"]),
            np.maximum(criteria.lipids(panel, used, bounds), drugs["med_lipid"]),
            np.maximum(criteria.glucose(panel, used, bounds, "fpg_priority"), drugs["med_glucose"]),
        ]
    )
    fewest, most = (risks == YES).sum(axis=0), (risks != NO).sum(axis=0)
    least, worst = _of_count(fewest), _of_count(most)
    waist = criteria.waist(panel, bounds)
    large = np.where(least == worst, worst, UNDECIDED)
    result = np.where(waist == NO, ABSENT, np.where(waist == UNKNOWN, UNDECIDED, large))
    return result.astype(np.int8)


def _of_count(risks: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.where(risks >= 2, PRESENT, np.where(risks == 1, RESERVE, ABSENT))
