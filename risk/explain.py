"""One judged check-up as a result: its level, the risks with their values, and a line of reason for each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from risk import reasons
from risk.checkup import MALE
from risk.judge import PATHS, RISKS, Judged, counted
from risk.limits import FOURTH, THIRD
from risk.reasons import Citation, Reason

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Risk:
    """A counted risk and the values of its items, whether or not each of them is beyond its limit."""

    name: str
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Result:
    """The judgement of one check-up.

    level: 1 積極的支援, 2 動機付け支援, 3 情報提供, 4 判定不能, None not of the age. metabo: 1 to 4, None likewise.
    path: A (waist), B (BMI), none, unknown, or - (not of the age). missing: what the rule looked for and did not find.
    quality: values used or left out with a doubt, as ``column:word``. used: the given columns that carried a value.
    """

    level: int | None
    path: str
    risks: tuple[Risk, ...]
    missing: tuple[str, ...]
    metabo: int | None
    referral: tuple[str, ...]
    rule_version: str
    reasons: tuple[Reason, ...]
    quality: tuple[str, ...] = ()
    used: tuple[str, ...] = ()


def result(judged: Judged, row: int) -> Result:
    """One row as a result with its reasons."""
    panel = judged.panel
    level, judgement = int(judged.level[row]), int(judged.metabo[row])
    labels = tuple(f.labels[f.grade[row] - 1] for f in judged.findings if f.grade[row])
    return Result(
        level=level or None,
        path=PATHS[judged.path[row]],
        risks=tuple(
            Risk(name, _values(judged, name, row))
            for name, mask in zip(RISKS, counted(judged), strict=True)
            if mask[row]
        ),
        missing=tuple(name for name, mask in judged.missing.items() if mask[row]),
        metabo=judgement or None,
        referral=labels,
        rule_version=FOURTH if judged.fourth[row] else THIRD,
        reasons=explain(judged, row),
        quality=tuple(f"{column}:{word}" for where, column, word in panel.quality if where == row),
        used=tuple(
            given
            for name, given in panel.names.items()
            if name not in panel.values or not np.isnan(panel.values[name][row])
        ),
    )


def _values(judged: Judged, risk: str, row: int) -> dict[str, float]:
    return {item: value for item, value, _ in compared(judged, risk, row) if not np.isnan(value)}


def compared(judged: Judged, risk: str, row: int) -> list[tuple[str, float, str]]:
    """The items that decide a risk in this row: name, value, and the key of the limit."""
    panel, used = judged.panel, judged.used
    found: Mapping[str, list[tuple[str, Values, str]]] = {
        "BP": [("sbp", used.sbp, "sbp"), ("dbp", used.dbp, "dbp")],
        "LIPID": [
            ("tg_fasting", used.tg_fasting, "tg_fasting"),
            ("tg_casual", used.tg_casual, "tg_casual"),
            ("hdl", panel["hdl"], "hdl"),
        ],
        "GLUCOSE": [
            ("fpg", used.fpg, "fpg"),
            ("hba1c_ngsp", panel["hba1c_ngsp"], "hba1c"),
            ("casual_glucose", used.casual_glucose, "casual_glucose"),
        ],
        "SMOKING": [("smoking", panel["smoking"], "")],
    }
    items = [(item, float(column[row]), limit) for item, column, limit in found[risk]]
    if risk == "LIPID" and not np.isnan(items[0][1]):
        del items[1]  # a casual value stands in only for a fasting one that is not there
    if risk == "GLUCOSE":
        known = [item for item in items if not np.isnan(item[1])]
        either = judged.glucose_rule == "any" and len(known) > 1 and known[1][0] == "hba1c_ngsp"
        return known[: 2 if either else 1]
    return items


def explain(judged: Judged, row: int) -> tuple[Reason, ...]:
    """The lines for one row: why it was selected, each counted risk, each referral value."""
    items = judged.limits.items
    seen = judged.panel.day[row]
    day: dt.date | None = None if np.isnat(seen) else seen.astype(object)
    lines = _path_lines(judged, row, day)
    for name, mask in zip(RISKS, counted(judged), strict=True):
        if mask[row]:
            lines.append(reasons.smokes(day) if name == "SMOKING" else _risk_line(judged, name, row, day))
    for finding in judged.findings:
        if grade := int(finding.grade[row]):
            cited = [c for c in finding.cited[grade - 1] if c.reached[row]]
            citations = tuple(Citation(items[c.item], float(c.values[row]), c.limit) for c in cited)
            lines.append(reasons.line("referral", finding.labels[grade - 1], citations, day))
    if judged.treated[row] and any(line.kind == "referral" for line in lines):
        lines.append(reasons.treated())
    return tuple(lines)


def _risk_line(judged: Judged, risk: str, row: int, day: dt.date | None) -> Reason:
    items, bounds = judged.limits.items, judged.limits.stratification
    cited = tuple(
        Citation(items[item], value, bounds[limit])
        for item, value, limit in compared(judged, risk, row)
        if bounds[limit].passes(value)
    )
    return reasons.line("risk", risk, cited, day)


def _path_lines(judged: Judged, row: int, day: dt.date | None) -> list[Reason]:
    """The measure that opened path A or B."""
    panel, items, bounds = judged.panel, judged.limits.items, judged.limits.stratification
    path = PATHS[judged.path[row]]
    if path == "B":
        item, key = "bmi", "bmi"
    elif path == "A" and not np.isnan(panel["vfa_cm2"][row]):
        item, key = "vfa_cm2", "vfa"
    elif path == "A":
        item, key = "waist_cm", "waist_m" if panel.sex[row] == MALE else "waist_f"
    else:
        return []
    column = panel["waist"] if item == "waist_cm" else panel[item]
    return [reasons.line("path", path, (Citation(items[item], float(column[row]), bounds[key]),), day)]
