"""Times as the cloud writes them: UTC text, offsets as durations, civil times whose zeros are left out."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import Final

_EPOCH: Final = date(1970, 1, 1)
_DAY: Final = 86_400


@cache
def _clock() -> list[str]:
    """``HH:MM:SSZ`` for each second of a day."""
    return [f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}Z" for s in range(_DAY)]


@cache
def _civil_clock() -> list[str]:
    """TimeOfDay for each second of a day; proto3 JSON leaves out zero scalars, so midnight is ``{}``."""
    texts = []
    for second in range(_DAY):
        parts = (("hours", second // 3600), ("minutes", second // 60 % 60), ("seconds", second % 60))
        texts.append("{" + ",".join(f'"{name}":{value}' for name, value in parts if value) + "}")
    return texts


@cache
def civil_date(day: int) -> str:
    """google.type.Date of a day counted from 1970-01-01."""
    found = _EPOCH + timedelta(days=day)
    return f'{{"year":{found.year},"month":{found.month},"day":{found.day}}}'


@cache
def iso_date(day: int) -> str:
    """ISO date of a day counted from 1970-01-01."""
    return (_EPOCH + timedelta(days=day)).isoformat()


def timestamp(second: int) -> str:
    """A UTC Timestamp of a second since the epoch."""
    day, clock = divmod(second, _DAY)
    return f"{iso_date(day)}T{_clock()[clock]}"


def civil(second: int, offset: int) -> str:
    """CivilDateTime of a second since the epoch at an offset in seconds."""
    day, clock = divmod(second + offset, _DAY)
    return f'{{"date":{civil_date(day)},"time":{_civil_clock()[clock]}}}'


def naive(second: int, offset: int) -> str:
    """Local wall clock without a zone, as the legacy interface wrote it."""
    return timestamp(second + offset)[:-1]
