"""The official stratification (階層化) in columns: from a panel of check-ups to levels, paths, risks and findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from risk import criteria, metabo, referral
from risk.checkup import Panel
from risk.criteria import NO, UNKNOWN, YES, Used
from risk.errors import BadInput
from risk.limits import FOURTH, GLUCOSE_RULES, THIRD, Limits, standard

Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int8]
States = npt.NDArray[np.int8]

NOT_A_TARGET: Final = 0
UNDECIDED: Final = 4
PATHS: Final = ("none", "unknown", "A", "B", "-")
RISKS: Final = ("BP", "LIPID", "GLUCOSE", "SMOKING")


@dataclass(frozen=True, slots=True)
class Judged:
    """The judgements of a panel, still in columns. Level and metabo 0 mean "not of the age"."""

    panel: Panel
    used: Used
    limits: Limits
    glucose_rule: str
    fourth: Mask
    level: Codes
    path: Codes
    risks: tuple[States, ...]
    missing: Mapping[str, Mask]
    metabo: Codes
    findings: tuple[referral.Finding, ...]
    treated: Mask


def judge(
    panel: Panel,
    *,
    rule: str = "auto",
    glucose_rule: str | None = None,
    metabo_casual: bool | None = None,
    limits: Limits | None = None,
) -> Judged:
    """All judgements of a panel."""
    limits = limits or standard()
    glucose = limits.glucose_rule if glucose_rule is None else glucose_rule
    if glucose not in GLUCOSE_RULES:
        raise BadInput(f"is none of {', '.join(GLUCOSE_RULES)}", field="glucose_rule")
    casual = limits.metabo_casual if metabo_casual is None else metabo_casual
    fourth = _fourth(panel, rule, limits)
    casual_tg = np.where(fourth, limits.rules[FOURTH].casual_tg, limits.rules[THIRD].casual_tg)
    used = criteria.usable(panel, casual_tg)
    bounds = limits.stratification
    risks = (
        criteria.blood_pressure(used, bounds),
        criteria.lipids(panel, used, bounds),
        criteria.glucose(panel, used, bounds, glucose),
        criteria.answered(panel["smoking"]),
    )
    drug = np.maximum.reduce(list(criteria.drugs(panel).values()))
    waist, bmi = criteria.waist(panel, bounds), criteria.state(panel["bmi"], bounds["bmi"])
    age = panel.age
    target = np.isnan(age) | (limits.age["from"].reached(age) & limits.age["until"].reached(age))
    level = _level(waist, bmi, risks, drug, limits.age["older"].reached(age))
    level[np.isnan(age)] = UNDECIDED
    judgement = metabo.judge(panel, limits, casual=casual, casual_tg=casual_tg)
    judgement[np.isnan(age)] = metabo.UNDECIDED
    return Judged(
        panel=panel,
        used=used,
        limits=limits,
        glucose_rule=glucose,
        fourth=fourth,
        level=np.where(target, level, NOT_A_TARGET).astype(np.int8),
        path=_path(waist, bmi, target),
        risks=risks,
        missing=_missing(panel, used, risks, target),
        metabo=np.where(target, judgement, NOT_A_TARGET).astype(np.int8),
        findings=referral.judge(panel, limits),
        treated=drug == YES,
    )


def _fourth(panel: Panel, rule: str, limits: Limits) -> Mask:
    """Rows of the fourth period; R1-2: by the day of the check-up, the newest where no day is known."""
    if rule == "auto":
        start = np.datetime64(limits.rules[FOURTH].start, "D")
        return np.isnat(panel.day) | (panel.day >= start)
    if rule not in limits.rules:
        raise BadInput(f"is none of auto, {', '.join(limits.rules)}", field="rule")
    return np.full(panel.rows, rule == FOURTH)


def _level(waist: States, bmi: States, risks: tuple[States, ...], drug: States, older: Mask) -> Codes:
    """The level that every completion of the missing answers gives, else 4.

    The level falls with each further risk, so the completions with the fewest and with the most risks enclose all
    others. A missing drug answer or BMI (below the waist limit) may also make it 3. Case C35: without waist and
    visceral fat nothing is decided, except that a drug answer "yes" is 3 at once.
    """
    metabolic, smoking = np.stack(risks[:3]), risks[3]
    sure, possible = (metabolic == YES).sum(axis=0), (metabolic != NO).sum(axis=0)
    fewest = sure + ((smoking == YES) & (sure > 0))
    most = possible + ((smoking != NO) & (possible > 0))
    enough = np.where(waist == YES, 2, 3)

    def of_count(count: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return np.where(count == 0, 3, np.where((count >= enough) & ~older, 1, 2))

    least, worst = of_count(fewest), of_count(most)
    may_be_three = (drug == UNKNOWN) | ((waist == NO) & (bmi == UNKNOWN))
    decided = (least == worst) & (~may_be_three | (worst == 3))
    selected = np.where(decided, worst, UNDECIDED)
    outside = (waist == NO) & (bmi == NO)
    conditions = [drug == YES, waist == UNKNOWN, outside]
    return np.select(conditions, [3, UNDECIDED, 3], selected).astype(np.int8)


def _path(waist: States, bmi: States, target: Mask) -> Codes:
    by_bmi = np.select(
        [bmi == YES, bmi == NO], [PATHS.index("B"), PATHS.index("none")], PATHS.index("unknown")
    )
    path = np.select([waist == YES, waist == NO], [PATHS.index("A"), by_bmi], PATHS.index("unknown"))
    return np.where(target, path, PATHS.index("-")).astype(np.int8)


def _missing(panel: Panel, used: Used, risks: tuple[States, ...], target: Mask) -> Mapping[str, Mask]:
    """What the rule looked for and did not find (or could not use), for people of the age."""
    no_area = np.isnan(panel["vfa_cm2"])
    glucose = risks[RISKS.index("GLUCOSE")]
    masks = {
        "age": np.isnan(panel.age),
        "sex": (panel.sex == 0) & no_area,
        "waist": np.isnan(panel["waist"]) & no_area,
        "bmi": np.isnan(panel["bmi"]),
        "sbp": np.isnan(used.sbp),
        "dbp": np.isnan(used.dbp),
        "tg": np.isnan(used.tg_fasting) & np.isnan(used.tg_casual),
        "hdl": np.isnan(panel["hdl"]),
        "glucose": glucose == UNKNOWN,
        **{name: np.isnan(panel[name]) for name in ("smoking", "med_bp", "med_glucose", "med_lipid")},
    }
    return {name: mask & target for name, mask in masks.items()}


def counted(judged: Judged) -> tuple[Mask, ...]:
    """Where each of RISKS certainly counts; smoking only beside one of the others."""
    metabolic = tuple(state == YES for state in judged.risks[:3])
    target = judged.level != NOT_A_TARGET
    smoking = (judged.risks[3] == YES) & np.logical_or.reduce(metabolic)
    return tuple(mask & target for mask in (*metabolic, smoking))
