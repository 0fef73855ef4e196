"""Day summaries of many people as tables of people by days, newest day first: what the rules about trends read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

HEART: Final = "8867-4"
"""Heart rates of a day show for how long the device was worn."""


@dataclass(frozen=True, slots=True)
class Daily:
    """Where the daily value of a measure comes from: codes in the order in which they are preferred."""

    codes: tuple[str, ...]
    value: Literal["mean", "total"]
    category: str


MEASURES: Final[Mapping[str, Daily]] = {
    "weight": Daily(("29463-7",), "mean", "body"),
    "spo2": Daily(("spo2-day", "59408-5"), "mean", "oxygen"),
    "temperature": Daily(("8310-5",), "mean", "temperature"),
    "resting_heart_rate": Daily(("40443-4",), "mean", "heart"),
    "steps": Daily(("55423-8", "41950-7"), "total", "activity"),
    "sleep": Daily(("93832-4",), "total", "sleep"),
}
CODES: Final = tuple(sorted({code for each in MEASURES.values() for code in each.codes} | {HEART}))


@dataclass(frozen=True, slots=True)
class DayColumns:
    """Summaries as columns of equal length (r): which person of a block, which code of CODES, which source, which day.

    day: days since 1970-01-01. n: samples. mean, total: of the channel ``value``. worn: minutes with a sample.
    """

    person: Ints
    code: Ints
    source: Ints
    day: Ints
    n: Ints
    mean: Values
    total: Values
    worn: Ints

    def __len__(self) -> int:
        return len(self.person)

    def take(self, rows: npt.NDArray[Any]) -> DayColumns:
        """Some of the rows."""
        return DayColumns(
            *(
                column[rows]
                for column in (
                    self.person,
                    self.code,
                    self.source,
                    self.day,
                    self.n,
                    self.mean,
                    self.total,
                    self.worn,
                )
            )
        )


def chosen(columns: DayColumns, daily: Daily, today: int, people: int, days: int) -> Ints:
    """The row that speaks for each person (people) and day (days, today first); -1 where none does.

    The preferred code, then the source with the most samples; sources are never added up.
    """
    age = today - columns.day
    table = np.full((people, days), -1, np.int64)
    preference = np.full(len(CODES), -1, np.int64)
    for rank, code in enumerate(reversed(daily.codes)):
        preference[CODES.index(code)] = rank
    rank_of = preference[columns.code]
    rows = np.flatnonzero((rank_of >= 0) & (age >= 0) & (age < days))
    order = rows[np.lexsort((columns.source[rows], columns.n[rows], rank_of[rows]))]
    table[columns.person[order], age[order]] = order  # of those with one place the last stays
    return table


def values_of(columns: DayColumns, daily: Daily, table: Ints) -> Values:
    """The daily values of the rows chosen; NaN where there is none."""
    column = columns.mean if daily.value == "mean" else columns.total
    return _placed(column, table)


def worn_minutes(columns: DayColumns, today: int, people: int, days: int) -> tuple[Values, Ints]:
    """For how long something was worn on each day, and the rows that say so: the longest of all devices."""
    age = today - columns.day
    rows = np.flatnonzero((columns.code == CODES.index(HEART)) & (age >= 0) & (age < days))
    order = rows[np.lexsort((columns.source[rows], columns.worn[rows]))]
    table = np.full((people, days), -1, np.int64)
    table[columns.person[order], age[order]] = order
    return _placed(columns.worn.astype(np.float64), table), table


def _placed(column: Values, table: Ints) -> Values:
    if not len(column):
        return np.full(table.shape, np.nan)
    return np.where(table >= 0, column[table], np.nan)
