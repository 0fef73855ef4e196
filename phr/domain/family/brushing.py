"""Tooth brushing: which days may be entered, streaks that forgive, stickers that stay, and totals of a class without names."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from phr.domain.family.tables import hold, table
from phr.errors import Invalid

_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-]{3,31}", re.ASCII)
TIMES: Final = ("morning", "evening")


@dataclass(frozen=True, slots=True)
class Rules:
    """The table brushing.toml."""

    back_days: int
    forgiven_each_days: int
    timer_seconds: tuple[int, ...]
    class_at_least: int
    class_rounded_to: int
    class_days: int
    sticker_days: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Streak:
    """Days brushed without a break (one missed day a week is forgiven), days ever, and the stickers they earned."""

    days: int
    ever: int
    stickers: tuple[int, ...]
    next_sticker: int | None


def rules_of(raw: Mapping[str, Any]) -> Rules:
    """The rules of a parsed table."""
    numbers = {name: int(raw[name]) for name in Rules.__slots__ if isinstance(raw[name], int)}
    rules = Rules(
        timer_seconds=tuple(raw["timer_seconds"]), sticker_days=tuple(raw["sticker_days"]), **numbers
    )
    hold(all(number > 0 for number in numbers.values()), "a number")
    hold(
        rules.class_at_least >= _FEWEST, "class_at_least"
    )  # the count below which this service shows nothing
    hold(list(rules.sticker_days) == sorted(set(rules.sticker_days)), "sticker_days")
    return rules


_FEWEST: Final = 10
RULES: Final = table("brushing", rules_of)


def checked_day(day: date, today: date, rules: Rules = RULES) -> date:
    """A day that may be entered; Invalid for one that is not over yet to begin, or long over."""
    if not today - timedelta(days=rules.back_days) <= day <= today:
        raise Invalid("only today and the days just before it", field="day")
    return day


def checked_time(text: str) -> str:
    """Morning or evening."""
    if text not in TIMES:
        raise Invalid("must be morning or evening", field="time")
    return text


def checked_class(text: str) -> str:
    """A class code: letters, digits, dots and dashes; it names no person and stands in consents as Group/code."""
    if _CODE.fullmatch(text) is None:
        raise Invalid("must be 4 to 32 letters, digits, dots or dashes", field="class_code")
    return text


def streak(brushed: Collection[date], today: date, rules: Rules = RULES) -> Streak:
    """The streak that is alive today. Today itself may still come; nothing is taken away."""
    days = frozenset(brushed)
    earned = tuple(need for need in rules.sticker_days if len(days) >= need)
    coming = [need for need in rules.sticker_days if len(days) < need]
    return Streak(
        _alive(days, today, rules.forgiven_each_days), len(days), earned, coming[0] if coming else None
    )


def _alive(days: frozenset[date], today: date, each: int) -> int:
    count, day, forgiven = 0, today if today in days else today - timedelta(days=1), None
    while days and day >= min(days):
        if day in days:
            count += 1
        elif forgiven is None or (forgiven - day).days >= each:
            forgiven = day
        else:
            break
        day -= timedelta(days=1)
    return count


def class_total(children: int, times: int, rules: Rules = RULES) -> int | None:
    """How often a class brushed; None while it is too small to say."""
    if children < rules.class_at_least:
        return None
    return times // rules.class_rounded_to * rules.class_rounded_to


def class_window(today: date, rules: Rules = RULES) -> tuple[date, date]:
    """The full days that a class total covers."""
    return today - timedelta(days=rules.class_days), today - timedelta(days=1)


def school_year_end(today: date) -> date:
    """The last day of the Japanese school year."""
    return date(today.year + (today.month >= _APRIL), 3, 31)


_APRIL: Final = 4


def week_of(days: Mapping[date, tuple[bool, bool]], today: date) -> Sequence[tuple[date, bool, bool]]:
    """The last seven days, oldest first, with morning and evening."""
    shown = [today - timedelta(days=back) for back in range(6, -1, -1)]
    return [(day, *days.get(day, (False, False))) for day in shown]
