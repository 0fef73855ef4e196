"""Paper forms: what the square code of a sheet opens, and a copied diary as series of one person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Literal
from urllib.parse import parse_qs, quote, urlsplit
from zoneinfo import ZoneInfo

import numpy as np

from ingest.series import MANUAL, Series, Source
from phr.errors import Invalid

DAYS: Final = 7
"""Days on one sheet: the week that JSH judges."""
LONGEST: Final = 400
"""Days back that a sheet may be."""
PAPER: Final = "paper"
"""How the key of the source begins."""
Slot = Literal["morning", "evening"]
_EARLIER: Final = "PHR-Q:"
"""How the code of questionnaires began that were printed before it was an address."""

_PRESSURE: Final = "85354-9"
_WEIGHT: Final = "29463-7"
_MEAL: Final = "meal"
_CLOCK: Final[Mapping[str, time]] = {"morning": time(7), "evening": time(21)}
"""The hour of a reading whose sheet names morning or evening only; the second reading is two minutes later."""
_BETWEEN: Final = timedelta(minutes=2)
_MEALS: Final[Mapping[str, time]] = {
    "breakfast": time(7),
    "lunch": time(12),
    "snack": time(15),
    "dinner": time(19),
}
OCCASIONS: Final = tuple(_MEALS)
NUTRIENTS: Final = ("energy", "protein", "fat", "carbohydrate", "salt")
_EVERY: Final = (*NUTRIENTS, "fibre")


@dataclass(frozen=True, slots=True)
class Pressure:
    """One blood pressure of a sheet. ``turn``: the first or the second reading of the occasion."""

    day: date
    slot: Slot
    turn: int
    systolic: float
    diastolic: float
    pulse: float | None = None


@dataclass(frozen=True, slots=True)
class Weight:
    """One body weight of a sheet, in kg."""

    day: date
    kilograms: float


@dataclass(frozen=True, slots=True)
class Meal:
    """One food of a sheet, with what the package says. ``line``: its place on the sheet, which tells equal meals apart."""

    day: date
    occasion: str
    line: int
    values: Mapping[str, float]


Entry = Pressure | Weight | Meal


def address_of(base: str, path: str, patient: str, **more: str) -> str:
    """What the square code of a sheet says: the counter's page for it, and the number of the record; no name, no value.

    >>> address_of("https://phr.example/", "/staff/paper/diary", "p-12")
    'https://phr.example/staff/paper/diary?for=p-12'
    """
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in {"for": patient, **more}.items())
    return f"{base.rstrip('/')}{path}?{query}"


def number_in(text: str) -> str:
    """The number of a record as it was typed, or as a scanner read it from the square code of a sheet.

    >>> number_in(" p-12 "), number_in("https://phr.example/staff/paper/diary?for=p-12"), number_in("PHR-Q:kihon:1:p-12")
    ('p-12', 'p-12', 'p-12')
    """
    given = text.strip()
    if given.startswith(_EARLIER):
        return given.rpartition(":")[2]
    if "?" not in given:
        return given
    try:
        found = parse_qs(urlsplit(given).query).get("for", [])
    except ValueError:  # an address that is none
        return ""
    return found[0] if len(found) == 1 else ""


def refuse_days(entries: Sequence[Entry], today: date) -> None:
    """Refuses a sheet of days that cannot be."""
    if any(not today - timedelta(days=LONGEST) <= one.day <= today for one in entries):
        raise Invalid("is after today, or too long ago", field="first")


def series_of(entries: Sequence[Entry], zone: ZoneInfo) -> list[Series]:
    """The sheet as series; the same sheet copied twice is the same samples."""
    made = []
    for slot in _CLOCK:
        read = [one for one in entries if isinstance(one, Pressure) and one.slot == slot]
        if read:
            channels = {
                "systolic": [one.systolic for one in read],
                "diastolic": [one.diastolic for one in read],
                "pulse": [float("nan") if one.pulse is None else one.pulse for one in read],
            }
            at = [_at(one.day, _CLOCK[slot], zone) + _BETWEEN * (one.turn - 1) for one in read]
            made.append(_series(_PRESSURE, f"{PAPER}|{slot}", at, channels))
    weighed = [one for one in entries if isinstance(one, Weight)]
    if weighed:
        at = [_at(one.day, _CLOCK["morning"], zone) for one in weighed]
        made.append(_series(_WEIGHT, PAPER, at, {"value": [one.kilograms for one in weighed]}))
    return [*made, *_meals([one for one in entries if isinstance(one, Meal)], zone)]


def _meals(eaten: Sequence[Meal], zone: ZoneInfo) -> list[Series]:
    made = []
    for occasion, clock in _MEALS.items():
        found = [one for one in eaten if one.occasion == occasion]
        if found:
            channels = {name: [one.values.get(name, float("nan")) for one in found] for name in _EVERY}
            at = [_at(one.day, clock, zone) + timedelta(seconds=one.line) for one in found]
            made.append(_series(_MEAL, f"{PAPER}|{occasion}", at, channels, lasting=True))
    return made


def _at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, zone)


def _series(
    code: str,
    key: str,
    at: Sequence[datetime],
    channels: Mapping[str, Sequence[float]],
    *,
    lasting: bool = False,
) -> Series:
    return Series(
        code,
        Source(key, "紙から", "PHR", "", "manual"),
        np.array([int(one.timestamp()) * 1_000_000 for one in at], np.int64),
        {name: np.array(values, np.float64) for name, values in channels.items()},
        np.array([int((one.utcoffset() or timedelta()).total_seconds()) for one in at], np.int32),
        np.full(len(at), MANUAL, np.uint8),
        np.zeros(len(at), np.int64) if lasting else None,
    )
