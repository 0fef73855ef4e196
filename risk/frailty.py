"""The five criteria of frailty of the Japanese Cardiovascular Health Study (2020), counted as far as they are known.

Grip and gait are measured by staff; a watch cannot give them. With a criterion missing nobody is called robust: the
answer is "at least n of k".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from risk.errors import BadInput
from risk.home_limits import HomeLimits, standard
from risk.reasons import Reason

CITED: Final = "J-CHS 2020"


@dataclass(frozen=True, slots=True)
class Frailty:
    """met: criteria that hold. known: criteria that were measured or answered. level: "" while it is open."""

    met: tuple[str, ...]
    known: tuple[str, ...]
    level: str
    reason: Reason


def frailty(
    *,
    sex: str,
    lost_weight: bool | None = None,
    grip_kg: float | None = None,
    tired: bool | None = None,
    gait_m_s: float | None = None,
    light_exercise: bool | None = None,
    regular_sport: bool | None = None,
    limits: HomeLimits | None = None,
) -> Frailty:
    """The criteria of one person; None is not measured or not answered.

    light_exercise, regular_sport: at least once a week; the criterion holds when both are answered by no.
    """
    rules = (limits or standard()).frailty
    if sex not in {"M", "F"}:
        raise BadInput("is neither M nor F", field="sex")
    grip = _measured("grip_kg", grip_kg, 120)
    gait = _measured("gait_m_s", gait_m_s, 5)
    active = [light_exercise, regular_sport]
    inactive = False if True in active else None if None in active else True
    criteria = {
        "weight": lost_weight,
        "grip": None if grip is None else grip < rules["grip_m" if sex == "M" else "grip_f"],
        "fatigue": tired,
        "gait": None if gait is None else gait < rules["gait"],
        "activity": inactive,
    }
    met = tuple(name for name, holds in criteria.items() if holds)
    known = tuple(name for name, holds in criteria.items() if holds is not None)
    level = ""
    if len(met) >= rules["frail"]:
        level = "frail"
    elif len(known) == len(criteria):
        level = "pre-frail" if met else "robust"
    return Frailty(met, known, level, _reason(met, known))


def _measured(name: str, value: float | None, high: float) -> float | None:
    if value is None or math.isnan(value):
        return None
    if not 0 <= value <= high:
        raise BadInput(f"is outside 0 to {high:g}", field=name)
    return value


def _reason(met: tuple[str, ...], known: tuple[str, ...]) -> Reason:
    n, k = len(met), len(known)
    sure_ja, sure_en = ("", "") if k == 5 else ("少なくとも", "at least ")
    return Reason(
        "frailty",
        "j-chs",
        f"フレイルの目安({CITED}): 確認できた{k}項目のうち{sure_ja}{n}項目",
        f"Frailty criteria ({CITED}): {sure_en}{n} of {k} checked",
        met,
    )
