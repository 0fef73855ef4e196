"""Letters: what stands on the paper, from a template and what is known of a case or message."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final

from consent.categories import CATEGORIES
from consent.grants import GrantRow, decide_rows
from consent.model import Request
from consent.purposes import PURPOSES

_REIWA: Final = date(2019, 5, 1)
_WEEKDAYS: Final = "月火水木金土日"
_LINE: Final = re.compile(r"(?P<item>.+?) (?P<value>-?\d[\d.]*(?: ?[^\s(（]+)?)[(（](?P<limit>[^)）]+)[)）]")
_LIMIT: Final = re.compile(r"^(受診勧奨判定値|保健指導判定値) ")
_MOST_ROWS: Final = 6
_FIELDS: Final = ("title", "lead", "table", "ask_title", "ask", "reply_title", "foot")


class LettersError(Exception):
    """The file of letters is wrong; names the entry."""


@dataclass(frozen=True, slots=True)
class LetterKind:
    """One kind of letter."""

    name: str
    version: int
    category: str
    cases: frozenset[str]
    weeks: int
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes: the lines at the right, and where to call."""

    lines: Sequence[str]
    telephone: str
    url: str


@dataclass(frozen=True, slots=True)
class About:
    """What a letter is about: the day of the check-up, lines of reasons, and paragraphs of a message."""

    day: date | None = None
    rows: Sequence[Mapping[str, str]] = ()
    paragraphs: Sequence[str] = ()


def load(text: str) -> dict[str, LetterKind]:
    """The kinds of a TOML text. Raises LettersError that names what is wrong."""
    try:
        return {
            name: LetterKind(
                name,
                int(raw["version"]),
                str(raw["category"]),
                frozenset(raw["cases"]),
                int(raw["weeks"]),
                {field: str(raw[field]) for field in _FIELDS},
            )
            for name, raw in tomllib.loads(text)["letter"].items()
        }
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise LettersError(f"the letters cannot be read: {error}") from error


@cache
def kinds() -> Mapping[str, LetterKind]:
    """Those of this version."""
    return load(files("phr.domain.messages").joinpath("letters.toml").read_text(encoding="utf-8"))


def kind_for_case(case: str) -> str:
    """The letter that answers a kind of case; '' when none does."""
    return next((one.name for one in kinds().values() if case in one.cases), "")


def written(
    kind: str, to: tuple[str, Sequence[str]], number: str, about: About, sender: Sender, today: date
) -> dict[str, Any]:
    """The letter as the press takes it. ``to``: name and lines of the address."""
    one = kinds()[kind]
    days = {"day": "" if about.day is None else plain_day(about.day), "until": _until(today, one.weeks)}
    texts = {field: text.format_map(days) for field, text in one.texts.items()}
    name, address = to
    return {
        **texts,
        "kind": kind,
        "version": one.version,
        "name": name,
        "address": list(address),
        "sender": [era_day(today), *sender.lines],
        "telephone": sender.telephone,
        "url": sender.url,
        "number": " ".join((number[:4], number[4:8], number[8:])),
        "rows": [dict(row) for row in about.rows],
        "paragraphs": list(about.paragraphs),
    }


def rows_of(reasons: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The lines of a referral as a table: item, result, limit. A line that cannot be split stands whole."""
    found: list[dict[str, str]] = []
    for reason in reasons:
        if reason.get("kind") != "referral":
            continue
        for part in str(reason.get("ja", "")).split("、"):
            seen = _LINE.match(part)
            if seen is None:
                found.append({"item": re.sub(r"\d{4}-\d{2}-\d{2}$", "", part), "value": "", "limit": ""})
            else:
                found.append(
                    {"item": seen["item"], "value": seen["value"], "limit": _LIMIT.sub("", seen["limit"])}
                )
    return found[:_MOST_ROWS]


def sharing_rows(
    rows: Sequence[GrantRow], person: str, recipient: str, now: datetime, today: date
) -> list[dict[str, str]]:
    """One line for each purpose of consent: whether anything is shared with the city for it now."""
    found = []
    for purpose, told in PURPOSES.items():
        asked = [Request(person, recipient, purpose, category, today) for category in CATEGORIES]
        if purpose != "self":
            on = any(decide_rows(rows, one, now).permit for one in asked)
            state = "共有しています" if on else "共有していません"
            found.append({"item": f"{told.name['ja']}：{state}", "value": "", "limit": ""})
    return found


def plain_day(day: date) -> str:
    """A day of this year, as a letter says it."""
    return f"{day.month}月{day.day}日"


def era_day(day: date) -> str:
    """A day in both calendars.

    >>> era_day(date(2026, 11, 24))
    '2026年（令和8年）11月24日'
    """
    era = f"令和{day.year - _REIWA.year + 1}年".replace("令和1年", "令和元年") if day >= _REIWA else ""
    return f"{day.year}年{f'（{era}）' if era else ''}{day.month}月{day.day}日"


def _until(today: date, weeks: int) -> str:
    day = today + timedelta(weeks=weeks)
    return f"{plain_day(day)}（{_WEEKDAYS[day.weekday()]}）"
