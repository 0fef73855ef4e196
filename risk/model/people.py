"""Check-ups as the columns of numbers that the model reads; one error naming the cell, never the value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from risk.errors import BadInput
from risk.model.inputs import standard

Values = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

FEMALE: Final = 0.0
MALE: Final = 1.0
SEX: Final[Mapping[str, float]] = {
    **dict.fromkeys(("m", "male", "1", "1.0", "男", "男性"), MALE),
    **dict.fromkeys(("f", "female", "2", "2.0", "女", "女性"), FEMALE),
    **dict.fromkeys(("0", "3", "9", "o", "u", "x", "other", "unknown", "その他", "不明"), np.nan),
}
TREATED: Final = "med_glucose"
_NOTHING: Final = frozenset({"", "-", "na", "n/a", "nan", "none", "<na>", "未実施", "測定不能"})


@dataclass(frozen=True, slots=True)
class People:
    """Columns of equal length by input name; NaN means "not there". treated: takes drugs for glucose."""

    rows: int
    values: Mapping[str, Values]
    treated: Mask

    def __getitem__(self, name: str) -> Values:
        return self.values[name]

    def part(self, rows: Any) -> People:
        """Some of the rows."""
        values = {name: column[rows] for name, column in self.values.items()}
        treated = self.treated[rows]
        return People(len(treated), values, treated)

    def replaced(self, values: Mapping[str, Values]) -> People:
        """The same people with some columns changed."""
        return People(self.rows, {**self.values, **values}, self.treated)

    def without(self, names: Iterable[str]) -> People:
        """The same people with some inputs not there."""
        return self.replaced(dict.fromkeys(names, np.full(self.rows, np.nan)))


def read(columns: Mapping[str, Any], rows: int) -> People:
    """People from columns of text or numbers in any order; columns that the model does not know are left alone."""
    values = {name: _column(columns, name, rows) for name in standard().input}
    given = _column(columns, TREATED, rows)
    _codes(given, (1.0, 2.0), TREATED)
    return People(rows, values, given == 1)


def _column(columns: Mapping[str, Any], name: str, rows: int) -> Values:
    if name not in columns:
        return np.full(rows, np.nan)
    column = np.asarray(columns[name])
    if column.shape != (rows,):
        raise BadInput("has not as many values as there are rows", field=name)
    if name == "sex":
        return _sex(column)
    numbers = _numbers(column, name)
    if name == "smoking":
        _codes(numbers, (1.0, 2.0, 3.0), name)
        return 3.0 - numbers  # 1 current, 2 past, 3 never: as steps that rise
    if name == "exercise":
        _codes(numbers, (0.0, 1.0), name)
    return numbers


def _numbers(column: npt.NDArray[Any], name: str) -> Values:
    if column.dtype.kind in "fiu":
        numbers = column.astype(np.float64)
    else:
        numbers = np.full(len(column), np.nan)
        for row, cell in enumerate(column.tolist()):
            text = str(cell).strip()
            if text.lower() not in _NOTHING:
                numbers[row] = _number(text, name, row)
    if (wrong := np.flatnonzero(np.isinf(numbers))).size:
        raise BadInput("is not a number", field=name, row=int(wrong[0]))
    return numbers


def _number(text: str, name: str, row: int) -> float:
    if not text.isascii() or "_" in text:
        raise BadInput("is not a number", field=name, row=row)
    try:
        return float(text)
    except ValueError:
        raise BadInput("is not a number", field=name, row=row) from None


def _sex(column: npt.NDArray[Any]) -> Values:
    kinds, places = np.unique(column.astype(str), return_inverse=True)
    codes = np.full(len(kinds), np.nan)
    for place, kind in enumerate(kinds.tolist()):
        word = kind.strip().lower()
        if word in SEX:
            codes[place] = SEX[word]
        elif word not in _NOTHING:
            raise BadInput("is neither M nor F", field="sex", row=int(np.flatnonzero(places == place)[0]))
    return codes[places]


def _codes(numbers: Values, allowed: tuple[float, ...], name: str) -> None:
    wrong = ~np.isnan(numbers) & ~np.isin(numbers, allowed)
    if wrong.any():
        words = ", ".join(f"{code:g}" for code in allowed)
        raise BadInput(f"is none of the codes {words}", field=name, row=int(np.flatnonzero(wrong)[0]))
