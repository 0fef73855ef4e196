"""Stratifies check-ups: one mapping to one result, or a whole city's table to a table.

One implementation judges columns (``risk.judge``); a single check-up is a table of one row, so the forms cannot differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from risk.checkup import MISSING, REFUSE, read
from risk.errors import BadInput
from risk.explain import Result, result
from risk.judge import NOT_A_TARGET, PATHS, RISKS, Judged, counted, judge
from risk.limits import FOURTH, THIRD, Limits

Mask = npt.NDArray[np.bool_]


def stratify(
    checkup: Mapping[str, Any],
    *,
    rule: str = "auto",
    glucose_rule: str | None = None,
    metabo_casual: bool | None = None,
    limits: Limits | None = None,
) -> Result:
    """The judgement of one check-up: a mapping with the names of the city CSV or the short ones.

    rule: "auto" chooses the edition by the day of the check-up (without a day the newest); or name an edition.
    Raises BadInput for a value that cannot be used.
    """
    panel = read({name: [value] for name, value in checkup.items()}, 1)
    judged = judge(panel, rule=rule, glucose_rule=glucose_rule, metabo_casual=metabo_casual, limits=limits)
    return result(judged, 0)


def stratify_table(
    df: pd.DataFrame,
    *,
    rule: str = "auto",
    glucose_rule: str | None = None,
    metabo_casual: bool | None = None,
    limits: Limits | None = None,
    bad: str = MISSING,
) -> pd.DataFrame:
    """The judgements of a table of check-ups, with the index of the table.

    Columns: level, path, risk_count, risks, missing, metabo, referral, rule_version, quality; lists are joined with
    "+". bad: "missing" leaves an unusable value out and names it in quality; "refuse" raises BadInput.
    """
    if bad not in {REFUSE, MISSING}:
        raise BadInput("is neither refuse nor missing", field="bad")
    panel = read({name: df[name] for name in _once(df)}, len(df), bad=bad)
    judged = judge(panel, rule=rule, glucose_rule=glucose_rule, metabo_casual=metabo_casual, limits=limits)
    return table(judged).set_index(df.index)


def table(judged: Judged) -> pd.DataFrame:
    """The judgements as a table of plain columns."""
    risks = counted(judged)
    target = judged.level != NOT_A_TARGET
    names = np.where(target, joined(dict(zip(RISKS, risks, strict=True))), "-")
    quality = np.full(judged.panel.rows, "", dtype=object)
    for row, column, word in judged.panel.quality:
        quality[row] += ("+" if quality[row] else "") + f"{column}:{word}"
    return pd.DataFrame(
        {
            "level": _codes(judged.level),
            "path": np.array(PATHS, dtype=object)[judged.path],
            "risk_count": np.sum(risks, axis=0, dtype=np.int8),
            "risks": names,
            "missing": joined(judged.missing),
            "metabo": _codes(judged.metabo),
            "referral": _referral_words(judged),
            "rule_version": np.where(judged.fourth, FOURTH, THIRD).astype(object),
            "quality": quality,
        }
    )


def _codes(codes: npt.NDArray[np.int8]) -> Any:
    """Codes with NA where the person is not of the age."""
    return pd.arrays.IntegerArray(codes.copy(), codes == NOT_A_TARGET)


def _once(df: pd.DataFrame) -> list[str]:
    """The column names; a name given twice would make the judgement depend on which is read."""
    if not df.columns.is_unique:
        raise BadInput("names a column twice", field="columns")
    return list(df.columns)


def joined(masks: Mapping[str, Mask]) -> npt.NDArray[np.object_]:
    """For each row the names whose mask holds, joined with "+"; each combination is spelled once."""
    keys = np.zeros(len(next(iter(masks.values()))), dtype=np.int64)
    for bit, mask in enumerate(masks.values()):
        keys |= mask.astype(np.int64) << bit
    seen, places = np.unique(keys, return_inverse=True)
    words = ["+".join(name for bit, name in enumerate(masks) if key >> bit & 1) for key in seen.tolist()]
    return np.array([*words, ""], dtype=object)[places]


def _referral_words(judged: Judged) -> npt.NDArray[np.object_]:
    return joined(
        {
            label: finding.grade == number
            for finding in judged.findings
            for number, label in enumerate(finding.labels, start=1)
        }
    )
