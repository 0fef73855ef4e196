"""Check-ups and screenings: who may have which this fiscal year, and has not had it yet."""

from __future__ import annotations

import calendar
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Final

from phr.domain.points_rules import fiscal_year

_APRIL: Final = 4


class ScreeningsError(Exception):
    """The file of screenings is wrong; names the entry."""


@dataclass(frozen=True, slots=True)
class Screening:
    """One screening. sex: '' for everybody."""

    name: str
    first_age: int
    last_age: int
    every: int
    sex: str
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Screenings:
    """Those of a city, and the month with which a year's ends."""

    known: Mapping[str, Screening]
    last_month: int

    def closes(self, today: date) -> date:
        """The last day on which this fiscal year's screenings can be had."""
        year = fiscal_year(today) + (self.last_month < _APRIL)
        return date(year, self.last_month, calendar.monthrange(year, self.last_month)[1])


def load(text: str) -> Screenings:
    """The screenings of a TOML text. Raises ScreeningsError that names what is wrong."""
    try:
        raw = tomllib.loads(text)
        known = {
            name: Screening(
                name,
                int(entry["from"]),
                int(entry["remind_until"]),
                int(entry["every"]),
                str(entry.get("sex", "")),
                {language: str(entry[language]) for language in ("ja", "easy", "en")},
            )
            for name, entry in raw["screening"].items()
        }
        month = int(raw["last_month"])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ScreeningsError(f"the screenings cannot be read: {error}") from error
    wrong = [one.name for one in known.values() if not _sound(one)]
    if wrong or not 1 <= month <= 12:
        raise ScreeningsError(f"ages, interval, sex or month of {', '.join(wrong) or 'the year'}")
    return Screenings(known, month)


def _sound(one: Screening) -> bool:
    return 0 < one.first_age <= one.last_age <= 120 and one.every >= 1 and one.sex in ("", "female", "male")


@cache
def screenings() -> Screenings:
    """Those of this version."""
    return load(files("phr.domain.messages").joinpath("screenings.toml").read_text(encoding="utf-8"))


def age_this_year(birth: date, today: date) -> int:
    """The age on the last day of the fiscal year; who is born on 1 April turns a year older on the eve by law.

    >>> age_this_year(date(1987, 4, 1), date(2026, 6, 1)), age_this_year(date(1987, 4, 2), date(2026, 6, 1))
    (40, 39)
    """
    return fiscal_year(today) + 1 - birth.year - ((birth.month, birth.day) > (_APRIL, 1))


def due(known: Screenings, birth: date | None, sex: str, today: date, done: Mapping[str, date]) -> list[str]:
    """The screenings that this person may have and has not had, in the order of the file.

    ``done``: the newest day of each that was had. An unknown birth date or sex opens nothing that asks for it.
    """
    if birth is None or today > known.closes(today):
        return []
    age = age_this_year(birth, today)
    return [
        one.name
        for one in known.known.values()
        if one.first_age <= age <= one.last_age
        and one.sex in ("", sex)
        and not _had(one, done.get(one.name), today)
    ]


def _had(one: Screening, last: date | None, today: date) -> bool:
    return last is not None and fiscal_year(last) > fiscal_year(today) - one.every
