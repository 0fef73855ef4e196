"""Sleep logs as the Fitbit Web API 1.2 and Takeout write them: a session and its stages."""

from __future__ import annotations

from typing import Final

import msgspec

from ingest.files.clock_text import SECOND
from ingest.files.gather import Gathering
from ingest.series import Source

SLEEP: Final = Source("fitbit|sleep||derived", "Fitbit", "fitbit", "", "derived")
_LEVELS: Final = {
    "wake": 1.0,
    "awake": 1.0,
    "light": 2.0,
    "deep": 3.0,
    "rem": 4.0,
    "asleep": 5.0,
    "restless": 6.0,
}
_ASLEEP: Final = ("light", "deep", "rem", "asleep")


class Level(msgspec.Struct, gc=False, rename="camel"):
    """A stretch of one level."""

    date_time: str
    level: str
    seconds: float


class Levels(msgspec.Struct, gc=False, rename="camel"):
    """``data`` covers the night; ``shortData`` lays short wakes over it."""

    data: list[Level] = msgspec.field(default_factory=list)
    short_data: list[msgspec.Raw] = msgspec.field(default_factory=list)


class SleepLog(msgspec.Struct, gc=False, rename="camel"):
    """One night or nap; ``duration`` is in milliseconds."""

    start_time: str
    duration: float
    minutes_asleep: float | None = None
    levels: Levels = msgspec.field(default_factory=Levels)


def add_sleep(log: SleepLog, into: Gathering, place: str) -> None:
    """Adds the session and its stages.

    The short wakes overlap the stages, which already cover the night: they are counted, not added.
    """
    minutes = log.minutes_asleep
    if minutes is None and log.levels.data:
        minutes = sum(each.seconds for each in log.levels.data if each.level in _ASLEEP) / 60
    value = float("nan") if minutes is None else minutes
    length = _micros(log.duration / 1000)
    into.add("93832-4", SLEEP, "wall", log.start_time, value, place=place, duration=length)
    for index, each in enumerate(log.levels.data):
        code = _LEVELS.get(each.level)
        where = f"{place}.levels.data[{index}]"
        if code is None:
            into.refuse("unknown-code", f"{where}.level")
        else:
            length = _micros(each.seconds)
            into.add("sleep-stage", SLEEP, "wall", each.date_time, code, place=where, duration=length)
    if log.levels.short_data:
        into.refuse("overlay", f"{place}.levels.shortData", len(log.levels.short_data))


def _micros(seconds: float) -> int:
    """Whole microseconds; -1, which no duration may be, for what cannot be one."""
    return round(seconds * SECOND) if 0 <= seconds < 1e9 else -1
