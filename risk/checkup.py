"""Check-ups as columns of numbers: names, aliases, dates and codes read strictly, one error naming the cell."""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from risk import plausibility
from risk.errors import BadInput

Values = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]
Mask = npt.NDArray[np.bool_]

REFUSE: Final = "refuse"
MISSING: Final = "missing"

MEASURED: Final = (
    *("height_cm", "weight_kg", "bmi", "waist_cm", "vfa_cm2"),
    *("sbp1", "dbp1", "sbp2", "dbp2", "sbp_avg", "dbp_avg"),
    *("tg_fasting", "tg_casual", "hdl", "ldl", "non_hdl", "ast", "alt", "ggt"),
    *("fpg", "casual_glucose", "hba1c_ngsp", "egfr", "hb", "uric_acid"),
)
"""Numeric columns that a rule reads; their ranges are those of plausibility.toml."""

CODED: Final[Mapping[str, frozenset[float]]] = {
    "blood_draw_code": frozenset({2, 3, 4}),
    "urine_protein": frozenset({1, 2, 3, 4, 5}),
    "med_bp": frozenset({1, 2}),
    "med_glucose": frozenset({1, 2}),
    "med_lipid": frozenset({1, 2}),
    "smoking": frozenset({1, 2, 3}),
    "waist_method": frozenset({1, 2, 3}),
}

WAISTS: Final = ("waist_measured_cm", "waist_self_cm", "waist_reported_cm")
"""Waist by how it was taken, in order of preference (E6)."""

ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "sbp_avg": ("sbp",),
    "dbp_avg": ("dbp",),
    "blood_draw_code": ("draw_code",),
    "smoking": ("smoking_code",),
    "waist_measured_cm": ("9N016160100000001",),
    "waist_self_cm": ("9N016160200000001",),
    "waist_reported_cm": ("9N016160300000001",),
}
"""Short and code names of columns; a file may use one name of each, not two."""

MALE: Final = 1
FEMALE: Final = 2
_SEX: Final[Mapping[str, int]] = {
    **dict.fromkeys(("1", "m", "male", "男", "男性"), MALE),
    **dict.fromkeys(("2", "f", "female", "女", "女性"), FEMALE),
    **dict.fromkeys(("0", "3", "9", "o", "u", "x", "other", "unknown", "その他", "不明"), 0),
}
_NOT_MEASURED: Final = frozenset({"", "-", "–", "NA", "N/A", "未実施", "測定不能"})
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,12}(\.[0-9]{0,12})?")
_MARKED: Final = re.compile(r"([HL])\s*[:;]?\s*([0-9.]*)|([0-9.]+)\s*([HL])")
_DAY: Final = re.compile(r"([0-9]{4})[-/]?([0-9]{2})[-/]?([0-9]{2})(?:[T ]00:00:00(?:\.0+)?)?")
_JDS: Final = re.compile(r"(?i)(hba1c|a1c)_?jds|3D045.*")


@dataclass(slots=True)
class Panel:
    """Check-ups in columns of equal length; NaN and NaT mean "not there".

    names: canonical name -> the name its column had. quality: (row, column, word) for values used with a doubt.
    """

    rows: int
    values: dict[str, Values]
    sex: npt.NDArray[np.int8]
    age: Values
    day: Days
    names: dict[str, str]
    quality: list[tuple[int, str, str]] = field(default_factory=list)

    def __getitem__(self, name: str) -> Values:
        return self.values[name]

    def first(self, *names: str) -> Values:
        """The first of these columns that has a value, row by row."""
        result = self.values[names[0]]
        for name in names[1:]:
            result = np.where(np.isnan(result), self.values[name], result)
        return result


def read(columns: Mapping[str, Any], rows: int, *, bad: str = REFUSE) -> Panel:
    """A panel from columns (sequences or arrays of equal length, any of the accepted names).

    bad: "refuse" raises BadInput for the first value that cannot be used; "missing" leaves that value out and says so in
    ``quality``, so that one broken cell does not stop the judgement of a city.
    """
    return _Reader(columns, rows, bad).panel()


def age_at_fiscal_year_end(birth: Days, day: Days) -> Values:
    """The age reached by 31 March after the check-up.

    The law counts a year of age as complete on the day before the birthday, so a person born on 1 April has
    reached the age on 31 March.
    """
    born, seen = birth.astype("datetime64[D]"), day.astype("datetime64[D]")
    year, month, date = _parts(born)
    at_year, at_month, _ = _parts(seen)
    ends = at_year + (at_month >= 4)
    late = (month > 4) | ((month == 4) & (date > 1))
    return np.where(np.isnat(born) | np.isnat(seen), np.nan, (ends - year - late).astype(np.float64))


def _parts(days: Days) -> tuple[npt.NDArray[np.int64], ...]:
    year = days.astype("datetime64[Y]").astype(np.int64) + 1970
    months = days.astype("datetime64[M]")
    month = months.astype(np.int64) % 12 + 1
    date = (days - months.astype("datetime64[D]")).astype(np.int64) + 1
    return year, month, date


class _Reader:
    """Reads one set of columns; remembers doubts, refuses what it must."""

    def __init__(self, columns: Mapping[str, Any], rows: int, bad: str) -> None:
        self.columns = columns
        self.rows = rows
        self.bad = bad
        self.names: dict[str, str] = {}
        self.quality: list[tuple[int, str, str]] = []

    def panel(self) -> Panel:
        self.refuse_jds()
        ranges = plausibility.standard().vital["checkup"]
        values: dict[str, Values] = {}
        for name in MEASURED:
            values[name] = self.within(name, self.numbers(name), *ranges[name].hard)
        for name in WAISTS:
            values[name] = self.within(name, self.numbers(name), *ranges["waist_cm"].hard)
        for name, allowed in CODED.items():
            values[name] = self.codes(name, self.numbers(name), allowed)
        values["waist"] = _waist(values)
        values["bmi"] = _bmi(values)
        birth, day = self.days("birth_date"), self.days("checkup_date")
        age = self.ages(age_at_fiscal_year_end(birth, day))
        return Panel(self.rows, values, self.sexes(), age, day, self.names, self.quality)

    def wrong(self, name: str, row: int, problem: str) -> None:
        """One value that cannot be used: refused, or left out with a note."""
        if self.bad == REFUSE:
            raise BadInput(problem, field=name, row=row)
        self.quality.append((row, name, "unusable"))

    def raw(self, name: str) -> npt.NDArray[Any] | None:
        """The column under its canonical or another accepted name."""
        found = [n for n in (name, *ALIASES.get(name, ())) if n in self.columns]
        if len(found) > 1:
            raise BadInput(f"means the same as {found[0]}; give one of the two", field=found[1])
        if not found:
            return None
        self.names[name] = found[0]
        return whole_column(self.columns[found[0]], self.rows, found[0])

    def refuse_jds(self) -> None:
        """E3: an HbA1c in JDS units is lower than the same NGSP value, and is never compared with its limits."""
        for name in self.columns:
            if isinstance(name, str) and _JDS.fullmatch(name):
                column = whole_column(self.columns[name], self.rows, name)
                for row in range(self.rows):
                    if not _absent(column[row]):
                        self.wrong(name, row, "is a JDS value; convert it to NGSP")

    def numbers(self, name: str) -> Values:
        raw = self.raw(name)
        if raw is None:
            return np.full(self.rows, np.nan)
        if raw.dtype.kind in "fiu":
            return raw.astype(np.float64)
        quick = _quick(raw)
        result = quick.copy()
        shown = self.names[name]
        for row in np.flatnonzero(np.isnan(quick)).tolist():
            if not _absent(raw[row]):
                result[row] = self.cell(shown, row, raw[row])
        return result

    def cell(self, name: str, row: int, value: object) -> float:
        """One cell that is not a plain number: not measured, marked H or L (E4), or wrong."""
        if isinstance(value, int | float | np.integer | np.floating | Decimal) and not isinstance(
            value, bool
        ):
            try:
                return float(value)
            except (OverflowError, ValueError):
                value = None
        if isinstance(value, str):
            text = unicodedata.normalize("NFKC", value).strip()
            if text in _NOT_MEASURED:
                return np.nan
            if _NUMBER.fullmatch(text):
                return float(text)
            if mark := _MARKED.fullmatch(text):
                letter, number = mark[1] or mark[4], mark[2] or mark[3] or ""
                if not number or _NUMBER.fullmatch(number):
                    self.quality.append((row, name, letter))
                    return float(number) if number else np.nan
        self.wrong(name, row, "is not a number")
        return np.nan

    def within(self, name: str, values: Values, low: float, high: float) -> Values:
        outside = (values < low) | (values > high)
        for row in np.flatnonzero(outside):
            self.wrong(self.names[name], int(row), f"is outside {low:g} to {high:g}")
        return np.where(outside, np.nan, values) if outside.any() else values

    def codes(self, name: str, values: Values, allowed: frozenset[float]) -> Values:
        unknown = ~np.isnan(values) & ~np.isin(values, list(allowed))
        for row in np.flatnonzero(unknown):
            listed = ", ".join(f"{code:g}" for code in sorted(allowed))
            self.wrong(self.names[name], int(row), f"is none of the codes {listed}")
        return np.where(unknown, np.nan, values) if unknown.any() else values

    def days(self, name: str) -> Days:
        result: Days = np.full(self.rows, np.datetime64("NaT"), dtype="datetime64[D]")
        raw = self.raw(name)
        if raw is None:
            return result
        if raw.dtype.kind == "M":
            return raw.astype("datetime64[D]")
        known: dict[str, np.datetime64] = {}
        for row, value in enumerate(raw):
            text = value.isoformat()[:10] if isinstance(value, dt.date) and value is not pd.NaT else value
            if _absent(text):
                continue
            if not isinstance(text, str) or (day := known.get(text) or _day(text)) is None:
                self.wrong(name, row, "is not a day like 2026-05-14")
                continue
            result[row] = known[text] = day
        return result

    def ages(self, derived: Values) -> Values:
        """The age given, else the one from the birth date; a difference between the two is a doubt."""
        given = self.within("age_fy_end", self.numbers("age_fy_end"), 0, 130)
        for row in np.flatnonzero(~np.isnan(given) & (given % 1 != 0)):
            self.wrong("age_fy_end", int(row), "is not a whole number of years")
            given[row] = np.nan
        for row in np.flatnonzero(~np.isnan(given) & ~np.isnan(derived) & (given != derived)):
            self.quality.append((int(row), "age_fy_end", "differs"))
        derived = np.where((derived < 0) | (derived > 130), np.nan, derived)
        return np.where(np.isnan(given), derived, given)

    def sexes(self) -> npt.NDArray[np.int8]:
        result = np.zeros(self.rows, dtype=np.int8)
        raw = self.raw("sex")
        if raw is None:
            return result
        places, kinds = pd.factorize(pd.Series(raw, dtype=object).map(_sex_word))
        for place, word in enumerate(kinds):
            rows = np.flatnonzero(places == place)
            if word not in _SEX:
                for row in rows:
                    self.wrong("sex", int(row), "is neither M nor F nor a word for unknown")
            result[rows] = _SEX.get(word, 0)
        return result


def whole_column(column: Any, rows: int, name: str) -> npt.NDArray[Any]:
    """A column as an array of as many cells as the table has rows. Raises BadInput for what is none."""
    if isinstance(column, pd.Series):
        column = column.to_numpy()
    if not isinstance(column, np.ndarray):
        if not isinstance(column, Sequence) or isinstance(column, str | bytes):
            raise BadInput("is not a column", field=name)
        given, column = column, np.empty(len(column), dtype=object)
        for place, value in enumerate(given):  # one by one: a list in a cell must stay a (wrong) cell
            column[place] = value
    if column.ndim != 1 or len(column) != rows:
        raise BadInput("is not as long as the table", field=name)
    found: npt.NDArray[Any] = column
    return found


def _quick(raw: npt.NDArray[Any]) -> Values:
    """Plain numbers of a whole column at once; what this leaves as NaN is looked at cell by cell."""
    if raw.dtype.kind not in "OUT":
        return np.full(len(raw), np.nan)
    return np.fromiter((_plain(value) for value in raw), dtype=np.float64, count=len(raw))


def _plain(value: object) -> float:
    """The number in a plain ASCII text such as 85 or 85.0; NaN for everything else."""
    if type(value) is str and value.replace(".", "", 1).isdecimal() and value.isascii() and len(value) < 13:
        return float(value)
    if type(value) is float or (type(value) is int and abs(value) < 1e12):
        return float(value)
    return np.nan


def _absent(value: object) -> bool:
    if isinstance(value, str):
        return value.strip() in _NOT_MEASURED
    return (
        value is None
        or value is pd.NA
        or value is pd.NaT
        or (isinstance(value, float | np.floating) and math.isnan(value))
    )


def _day(text: str) -> np.datetime64 | None:
    parts = _DAY.fullmatch(text.strip())
    try:
        return parts and np.datetime64(dt.date(int(parts[1]), int(parts[2]), int(parts[3])), "D")
    except ValueError:
        return None


def _sex_word(value: object) -> str:
    if _absent(value):
        return "unknown"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip().lower()


def _waist(values: Mapping[str, Values]) -> Values:
    """E6: a measured waist before one the person measured before one the person reported."""
    method = np.where(np.isnan(values["waist_method"]), 1, values["waist_method"])
    result: Values = np.full(len(method), np.nan)
    for rank, name in enumerate(WAISTS, start=1):
        plain = np.where(method == rank, values["waist_cm"], np.nan)
        for column in (values[name], plain):
            result = np.where(np.isnan(result), column, result)
    return result


def _bmi(values: Mapping[str, Values]) -> Values:
    """E2: the stored BMI; where none is stored, height and weight to one decimal, halves up, as it would be stored."""
    metres = values["height_cm"] / 100
    exact = values["weight_kg"] / (metres * metres)
    derived = np.floor(exact * 10 + 0.5 + 1e-9) / 10
    return np.where(np.isnan(values["bmi"]), derived, values["bmi"])
