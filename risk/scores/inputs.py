"""What a score reads from a table: numbers and answers by column, refused with their cell when they cannot be true."""

from __future__ import annotations

import math
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from risk.checkup import MISSING, REFUSE, whole_column
from risk.errors import BadInput

Values = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

NOT_MEASURED: Final = frozenset({"", "-", "–", "NA", "N/A", "nan", "未実施", "測定不能"})
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,12}(\.[0-9]{0,12})?")
_MARKED: Final = re.compile(r"[HL]\s*[:;]?\s*([0-9.]+)")
_JDS: Final = re.compile(r"(?i)(hba1c|a1c)_?jds|3D045.*")
_SEX: Final[Mapping[str, float]] = {
    **dict.fromkeys(("1", "m", "male", "男", "男性"), 1.0),
    **dict.fromkeys(("2", "f", "female", "女", "女性"), 0.0),
    **dict.fromkeys(("", "0", "3", "9", "o", "u", "x", "na", "nan", "-", "other", "unknown"), math.nan),
    **dict.fromkeys(("その他", "不明"), math.nan),
}
SHOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "male": ("sex",),
    "smoker": ("smoking",),
    "treated": ("med_bp",),
    "diabetes": ("fpg",),
    "glucose_disorder": ("fpg",),
    "high_glucose": ("high_glucose_ever",),
    "inactive": ("exercise",),
    "no_greens": ("vegetables_daily",),
    "pressure": ("sbp", "dbp"),
}
"""The columns to ask for where an input of a score is not known. For glucose, HbA1c answers it as well."""
ASKED: Final = frozenset(
    [
        *("med_bp", "vegetables_daily", "family_diabetes", "family_chd", "high_glucose_ever"),
        *("hist_heart", "hist_stroke", "ckd", "pad", "fh"),
    ]
)
"""Questions that a check-up file does not ask: without the column a caller may take them as answered by no risk."""


@dataclass(frozen=True, slots=True)
class Measure:
    """The range of one column and what its usual unit mistake looks like."""

    unit: str
    low: float
    high: float
    lookalike: str
    lookalike_low: float
    lookalike_high: float


@dataclass(frozen=True, slots=True)
class Known:
    """The reviewed set of columns."""

    measured: Mapping[str, Measure]
    coded: Mapping[str, frozenset[float]]
    aliases: Mapping[str, tuple[str, ...]]
    limits: Mapping[str, float]


@cache
def known() -> Known:
    """The set that ships with the package."""
    text = resources.files("risk.scores").joinpath("inputs.toml").read_text(encoding="utf-8")
    raw = tomllib.loads(text)
    measured = {}
    for name, each in raw["measured"].items():
        low, high = map(float, each["range"])
        like = each.get("lookalike", {"name": "", "range": [math.inf, -math.inf]})
        measured[name] = Measure(each["unit"], low, high, like["name"], *map(float, like["range"]))
    return Known(
        measured,
        {name: frozenset(map(float, codes)) for name, codes in raw["coded"].items()},
        {name: tuple(others) for name, others in raw["aliases"].items()},
        {name: float(each["value"]) for name, each in raw["limits"].items()},
    )


@dataclass(slots=True)
class Inputs:
    """Columns of equal length under the names that scores use; NaN means not known.

    absent: questions whose column the table does not have. computed: rows whose LDL was computed.
    quality: (row, column, word) for values left out.
    """

    rows: int
    values: dict[str, Values]
    absent: frozenset[str]
    computed: Mask
    quality: list[tuple[int, str, str]] = field(default_factory=list)

    def __getitem__(self, name: str) -> Values:
        return self.values[name]


def read(columns: Mapping[str, Any], rows: int, *, bad: str = REFUSE) -> Inputs:
    """The inputs in a table of columns.

    bad: "refuse" raises BadInput for the first value that cannot be used, "missing" leaves that value out.
    """
    if bad not in {REFUSE, MISSING}:
        raise BadInput("is neither refuse nor missing", field="bad")
    reader = _Reader(columns, rows, bad)
    reader.refuse_jds()
    values = {name: reader.measured(name) for name in known().measured}
    values |= {name: reader.coded(name) for name in known().coded}
    values["male"] = reader.sexes()
    computed = _derive(values)
    absent = frozenset(name for name in ASKED if np.isnan(values[name]).all() and not reader.has(name))
    return Inputs(rows, values, absent, computed, reader.quality)


def _yes(codes: Values) -> Values:
    """1 yes, 0 no; the check-up codes no as 2."""
    return np.where(np.isnan(codes), np.nan, (codes == 1).astype(np.float64))


def _derive(values: dict[str, Values]) -> Mask:
    """Adds the answers that scores ask for, from the columns that a check-up has."""
    limits = known().limits
    for name in known().coded:
        if name not in {"smoking", "family_diabetes"}:
            values[name] = _yes(values[name])
    fpg, hba1c, tg = values["fpg"], values["hba1c_ngsp"], values["tg_fasting"]
    computed: Mask = np.isnan(values["ldl"]) & (tg < limits["friedewald_tg"])
    friedewald = values["tc"] - values["hdl"] - tg / 5
    computed &= friedewald > 0
    values["ldl"] = np.where(computed, friedewald, values["ldl"])
    high = (fpg >= limits["diabetes_fpg"]) | (hba1c >= limits["diabetes_hba1c"])
    told = (values["diabetes"] == 1) | (values["med_glucose"] == 1)
    silent = np.isnan(fpg) & np.isnan(hba1c) & np.isnan(values["diabetes"])
    values["diabetes"] = np.where(high | told, 1.0, np.where(silent, np.nan, 0.0))
    raised = (fpg >= limits["disorder_fpg"]) | (np.isnan(fpg) & (hba1c >= limits["disorder_hba1c"]))
    disorder = raised | (values["glucose_disorder"] == 1)
    silent = np.isnan(fpg) & np.isnan(hba1c) & np.isnan(values["glucose_disorder"])
    some = np.where(disorder | (values["diabetes"] == 1), 1.0, np.where(silent, np.nan, 0.0))
    values["glucose_disorder"] = some
    ever = values["high_glucose_ever"]
    values["high_glucose"] = np.where((ever == 1) | (some == 1), 1.0, ever)
    values["smoker"] = _yes(values["smoking"])
    values["treated"] = values["med_bp"]
    values["inactive"] = 1 - values["exercise"]
    values["no_greens"] = 1 - values["vegetables_daily"]
    low_egfr = values["egfr"] < limits["ckd_egfr"]
    kidney = low_egfr | (values["hist_renal"] == 1) | (values["ckd"] == 1)
    silent = np.isnan(values["egfr"]) & np.isnan(values["hist_renal"]) & np.isnan(values["ckd"])
    values["ckd"] = np.where(kidney, 1.0, np.where(silent, np.nan, 0.0))
    return computed


class _Reader:
    """Reads one set of columns; remembers what it left out."""

    def __init__(self, columns: Mapping[str, Any], rows: int, bad: str) -> None:
        self.columns = columns
        self.rows = rows
        self.bad = bad
        self.quality: list[tuple[int, str, str]] = []

    def wrong(self, name: str, row: int, problem: str) -> None:
        if self.bad == REFUSE:
            raise BadInput(problem, field=name, row=row)
        self.quality.append((row, name, "unusable"))

    def found(self, name: str) -> list[str]:
        return [each for each in (name, *known().aliases.get(name, ())) if each in self.columns]

    def has(self, name: str) -> bool:
        return bool(self.found(name))

    def raw(self, name: str) -> tuple[str, npt.NDArray[Any]] | None:
        found = self.found(name)
        if len(found) > 1:
            raise BadInput(f"means the same as {found[0]}; give one of the two", field=found[1])
        return (found[0], whole_column(self.columns[found[0]], self.rows, found[0])) if found else None

    def refuse_jds(self) -> None:
        for name in self.columns:
            if isinstance(name, str) and _JDS.fullmatch(name):
                for row in np.flatnonzero(~np.isnan(self.numbers(name, self.columns[name]))).tolist():
                    self.wrong(name, row, "is a JDS value; convert it to NGSP")

    def numbers(self, name: str, column: Any) -> Values:
        raw = whole_column(column, self.rows, name)
        if raw.dtype.kind in "fiu":
            return raw.astype(np.float64)
        result = np.fromiter((_plain(each) for each in raw), dtype=np.float64, count=self.rows)
        for row in np.flatnonzero(np.isinf(result)).tolist():
            result[row] = np.nan
            self.wrong(name, row, "is not a number")
        return result

    def measured(self, name: str) -> Values:
        found = self.raw(name)
        if found is None:
            return np.full(self.rows, np.nan)
        shown, column = found
        values, measure = self.numbers(shown, column), known().measured[name]
        outside = (values < measure.low) | (values > measure.high)
        for row in np.flatnonzero(outside).tolist():
            like = measure.lookalike_low <= values[row] <= measure.lookalike_high
            look = f"looks like {measure.lookalike}; give {measure.unit}"
            self.wrong(shown, row, look if like else f"is outside {measure.low:g} to {measure.high:g}")
        return np.where(outside, np.nan, values)

    def coded(self, name: str) -> Values:
        found = self.raw(name)
        if found is None:
            return np.full(self.rows, np.nan)
        shown, column = found
        values, allowed = self.numbers(shown, column), known().coded[name]
        unknown = ~np.isnan(values) & ~np.isin(values, list(allowed))
        for row in np.flatnonzero(unknown).tolist():
            self.wrong(shown, row, f"is none of the codes {', '.join(f'{c:g}' for c in sorted(allowed))}")
        return np.where(unknown, np.nan, values)

    def sexes(self) -> Values:
        result = np.full(self.rows, np.nan)
        found = self.raw("sex")
        if found is None:
            return result
        places, kinds = pd.factorize(pd.Series(found[1], dtype=object).map(_word))
        for place, word in enumerate(kinds):
            rows = np.flatnonzero(places == place)
            if word not in _SEX:
                for row in rows.tolist():
                    self.wrong("sex", row, "is neither M nor F nor a word for unknown")
            result[rows] = _SEX.get(word, math.nan)
        return result


def _word(value: object) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip().lower()


def _plain(value: object) -> float:
    """The number in a cell; NaN where nothing was measured, infinity where it is no number."""
    if type(value) is str:
        if value.replace(".", "", 1).isdecimal() and value.isascii() and len(value) < 13:
            return float(value)
        return _text(value)
    if value is None or value is pd.NA or value is pd.NaT:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return _text(str(value)) if isinstance(value, Decimal) else math.inf
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _text(value: str) -> float:
    text = unicodedata.normalize("NFKC", value).strip()
    if text in NOT_MEASURED or text in {"H", "L"}:
        return math.nan
    if _NUMBER.fullmatch(text):
        return float(text)
    mark = _MARKED.fullmatch(text)
    return float(mark[1]) if mark and _NUMBER.fullmatch(mark[1]) else math.inf
