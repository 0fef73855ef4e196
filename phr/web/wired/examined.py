"""Check-ups as the pages show them: side by side against both limits, with the level and its reasons."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from ingest.codes import VITALS
from phr.services.checkup_results import Results
from phr.web.views.parts import CheckUp, CheckUpRow, CheckUpValue, Mark, Reason, Side
from risk.explain import Result
from risk.limits import Limit, standard
from risk.reasons import Reason as Line

_LEVELS: Final = {1: "active-support", 2: "motivational-support", 3: "information", 4: "undecided"}
_SIDES: Final[Mapping[str, Side]] = {
    ">=": "at-or-above",
    ">": "above",
    "<=": "at-or-below",
    "<": "below",
}
_DAY_AT_END: Final = re.compile(r"(?<=\S)(\d{4}-\d{2}-\d{2})$")
_SHOWN: Final = (
    *("waist_cm", "bmi", "sbp_avg", "dbp_avg", "tg_fasting", "tg_casual", "hdl", "ldl", "non_hdl"),
    *("fpg", "casual_glucose", "hba1c_ngsp", "ast", "alt", "ggt", "creatinine", "egfr", "uric_acid"),
    *("urine_glucose", "urine_protein", "hb", "ht", "rbc"),
)
_ELSE: Final = {"sbp_avg": "sbp1", "dbp_avg": "dbp1"}
_LIMIT: Final = {"sbp_avg": "sbp", "dbp_avg": "dbp", "hba1c_ngsp": "hba1c"}
_MISSING: Final = {
    "waist": "waist_cm",
    "sbp": "sbp_avg",
    "dbp": "dbp_avg",
    "tg": "tg_fasting",
    "glucose": "fpg",
}


def check_up(found: Results) -> CheckUp | None:
    """The check-ups of one person; None before the first."""
    if not found.checkups:
        return None
    result = found.result
    day = found.checkups[-1].day
    lines = () if result is None else result.reasons
    return CheckUp(
        days=tuple(one.day for one in found.checkups),
        rows=tuple(_rows(found)),
        level=_level(result),
        reasons=tuple(cited(line, day) for line in lines if line.kind in {"path", "risk"}),
        referral=tuple(cited(line, day) for line in lines if line.kind in {"referral", "note"}),
        missing=() if result is None else tuple(_MISSING.get(name, name) for name in result.missing),
        rule_version="" if result is None else result.rule_version,
    )


def cited(line: Line, day: date) -> Reason:
    """A line of the rules, word for word."""
    return told(line.ja, line.en, next(iter(line.items), ""), day)


def told(ja: str, en: str, item: str, day: date) -> Reason:
    """A reason that is already words; the day at its end stands apart."""
    text = {"ja": _DAY_AT_END.sub(r" \1", ja), "en": en}
    return Reason(item, (), (), "at-or-above", day, "checkup", text=text)


def _level(result: Result | None) -> str:
    if result is None:
        return "undecided"
    return "excluded" if result.level is None else _LEVELS[result.level]


def _rows(found: Results) -> list[CheckUpRow]:
    made = []
    for item in _SHOWN:
        columns = [one.values.get(item, one.values.get(_ELSE.get(item, ""))) for one in found.checkups]
        if all(value is None for value in columns):
            continue
        guidance, referral = _limits(item, found.sex)
        values = tuple(_value(item, value, guidance, referral) for value in columns)
        coded = VITALS["checkup"].channel(item).coded is not None
        side: Side = next(
            (_SIDES[limit.op] for limit in (referral, guidance) if limit is not None), "at-or-above"
        )
        shown = (None, None) if coded else (_bound(guidance, side), _bound(referral, side))
        made.append(CheckUpRow(item, values, *shown, side))
    return made


def _limits(item: str, sex: str) -> tuple[Limit | None, Limit | None]:
    limits = standard()
    if item == "waist_cm":
        return limits.stratification.get(f"waist_{sex.lower()}"), None
    key = f"hb_{sex.lower()}" if item == "hb" else _LIMIT.get(item, item)
    return limits.guidance.get(key), limits.referral.get(key)


def _bound(limit: Limit | None, side: Side) -> float | None:
    """The limit as the row's one side tells it: more than 7.0 is 7.1 or more where one decimal is measured."""
    if limit is None:
        return None
    beyond = limit.op == ">" and side == "at-or-above"
    return round(limit.value + 0.1, 1) if beyond else limit.value


def _value(item: str, value: float | None, guidance: Limit | None, referral: Limit | None) -> CheckUpValue:
    if value is None:
        return CheckUpValue(None)
    mark: Mark = ""
    if referral is not None and referral.passes(value):
        mark = "referral"
    elif guidance is not None and guidance.passes(value):
        mark = "guidance"
    coded = VITALS["checkup"].channel(item).coded
    if coded is None:
        return CheckUpValue(value, mark)
    return CheckUpValue(coded.get(int(value), ("", f"{value:g}"))[1], mark)
