"""Writes one resident's Google Health folder: pages of every data type that the devices of the resident give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np

from synthetic_data import google_wire as wire
from synthetic_data import tracks
from synthetic_data.life import DAY, Life
from synthetic_data.people import Resident
from synthetic_data.tally import Tally
from synthetic_data.tracks import Track

FORM: Final = "google-health"
WATCHES: Final = ("Pixel Watch 4", "Charge 6", "Pixel Watch 3", "Inspire 3")
_EPOCH: Final = date(1970, 1, 1)
_NAN: Final = '"NaN"'


@dataclass(slots=True)
class Account:
    """What writing one resident's folder needs."""

    folder: Path
    resident: Resident
    owned: list[str]
    usual: dict[str, float]
    life: Life
    density: str
    until: int
    dice: np.random.Generator
    tally: Tally

    @property
    def watch(self) -> str:
        """The display name of the watch."""
        return WATCHES[int(self.resident.luck["model"] * len(WATCHES))]

    def pages(self, kind: str, count: int, render: Callable[[int, int], list[str]]) -> None:
        """Writes the pages of one type."""
        self.tally.files += wire.write_pages(
            self.folder,
            kind,
            count,
            render,
            empty_page=self.resident.fault == "empty-page-with-token" and kind == "heart-rate",
            bare_end=self.resident.number % 5 == 0,
        )

    def lines(self, kind: str, points: list[str]) -> None:
        """Writes points that were made at once."""
        self.pages(kind, len(points), lambda first, last: points[first:last])

    def offset(self, second: int) -> int:
        """The offset in seconds at an instant."""
        minute = min(max(second // 60 - self.life.start, 0), len(self.life.offset) - 1)
        return int(self.life.offset[minute]) * 60

    def name(self, kind: str, number: int) -> str:
        """The resource name of a point of a type that has names."""
        user = self.resident.health_user_id
        return f"users/{user}/dataTypes/{kind}/dataPoints/{8_800_000_000_000_000_000 + number}"


def write(account: Account) -> None:
    """Writes the whole folder."""
    if "google-watch" in account.owned:
        _heart_rate(account)
        _zone_minutes(account)
        _sleep(account)
        _daily(account)
    if "google-watch" in account.owned or "phone" in account.owned:
        _steps(account)
    if "scale" in account.owned:
        _scale(account)


def _heart_rate(account: Account) -> None:
    track = tracks.heart(account.resident, account.life, account.density, account.until, account.dice)
    track = tracks.spoil(track, account.resident, account.life, "8867-4", account.tally, account.dice)
    other = next(name for name in WATCHES if name != account.watch)
    origins = [wire.source("PASSIVELY_MEASURED", device=name) for name in (account.watch, other)]

    def render(first: int, last: int) -> list[str]:
        rows = _slice(track, first, last)
        return [wire.heart_rate(origins[d], s, o, v) for s, _, o, v, d in rows]

    account.pages("heart-rate", len(track), render)
    account.tally.add(FORM, "8867-4", len(track), repeats=_repeats(account, "8867-4"))
    if account.resident.fault == "empty-page-with-token":
        account.tally.plant("empty-page-with-token", "8867-4", 1)


def _slice(track: Track, first: int, last: int) -> zip[tuple[int, int, int, int, int]]:
    columns = (track.start, track.length, track.offset, track.value, track.device)
    return zip(*(column[first:last].tolist() for column in columns), strict=True)


def _repeats(account: Account, code: str) -> int:
    return sum(f.count for f in account.tally.faults if f.kind == "repeated-points" and f.code == code)


def _steps(account: Account) -> None:
    track = tracks.steps(account.resident, account.life, account.owned, account.until, account.dice)
    track = tracks.spoil(track, account.resident, account.life, "55423-8", account.tally, account.dice)
    other = next(name for name in WATCHES if name != account.watch)
    origins = [
        wire.source("PASSIVELY_MEASURED", device=account.watch),
        wire.source("PASSIVELY_MEASURED", device=other),
        wire.phone_source(),
        wire.source("MANUAL", device=None),
    ]

    def render(first: int, last: int) -> list[str]:
        rows = _slice(track, first, last)
        return [wire.steps(origins[d], s, s + length, o, v) for s, length, o, v, d in rows]

    account.pages("steps", len(track), render)
    account.tally.add(FORM, "55423-8", len(track), repeats=_repeats(account, "55423-8"))


def _zone_minutes(account: Account) -> None:
    """Minutes above 40, 60 and 85 % of the heart-rate reserve while moving."""
    life = account.life
    rest = np.repeat(life.resting, DAY)
    reserve = (life.heart - rest) / (208 - 0.7 * life.age - rest)
    minutes = np.flatnonzero((reserve >= 0.4) & (life.steps > 0) & life.worn)[::-1]
    minutes = minutes[(life.start + minutes + 1) * 60 <= account.until]
    origin = wire.source("PASSIVELY_MEASURED", device=account.watch)
    points = []
    for minute in minutes.tolist():
        level = reserve[minute]
        zone, weight = ("FAT_BURN", 1) if level < 0.6 else ("CARDIO", 2) if level < 0.85 else ("PEAK", 2)
        start = (life.start + minute) * 60
        points.append(wire.zone_minutes(origin, start, int(life.offset[minute]) * 60, zone, weight))
    account.lines("active-zone-minutes", points)
    account.tally.add(FORM, "azm", len(points))


def _sleep(account: Account) -> None:
    origin = wire.source("DERIVED", device=account.watch)
    sleeps = [sleep for sleep in account.life.sleeps if sleep.end * 60 + 600 <= account.until]
    points: list[str] = []
    waiting = 0
    stages = 0
    for number, found in enumerate(reversed(sleeps)):
        processed = not (number == 0 and account.resident.fault == "sleep-not-processed")
        waiting += not processed
        stages += (len(found.stages) or 2) if processed else 0
        name = account.name("sleep", found.start)
        points.append(wire.sleep(name, origin, found, account.offset, processed=processed))
    account.lines("sleep", points)
    account.tally.add(FORM, "93832-4", len(points), unusable=waiting)
    account.tally.add(FORM, "sleep-stage", stages)
    account.tally.plant("sleep-not-processed", "93832-4", waiting)


def _daily(account: Account) -> None:
    """The types with one value per civil day; the first nights have no temperature baseline yet."""
    life = account.life
    days = [n for n in range(life.days) if (life.start + n * DAY + 600) * 60 <= account.until][::-1]
    nights = [n for n in days if life.nights_worn[n]]
    origin = wire.source("DERIVED", device=account.watch)
    nan = set(nights[:2]) if account.resident.fault == "not-a-number" else set()
    resting = [n for n in days if life.worn[n * DAY : (n + 1) * DAY].mean() > 0.3]
    fields = {
        "daily-resting-heart-rate": [(n, _resting(life, n)) for n in resting],
        "daily-heart-rate-variability": [(n, _variability(life, n)) for n in nights],
        "daily-oxygen-saturation": [(n, _oxygen(life, n, missing=n in nan)) for n in nights],
        "daily-respiratory-rate": [(n, f'"breathsPerMinute":{life.breaths[n]:.1f}') for n in nights],
        "daily-sleep-temperature-derivations": [(n, _temperature(life, n)) for n in nights],
    }
    unusable = {
        "daily-oxygen-saturation": len(nan),
        "daily-sleep-temperature-derivations": sum(n < 3 for n in nights),
    }
    for kind, rows in fields.items():
        first, *rest = kind.split("-")
        key = first + "".join(part.capitalize() for part in rest)
        points = [wire.daily(origin, key, (life.day(n) - _EPOCH).days, text) for n, text in rows]
        account.lines(kind, points)
        account.tally.add(FORM, DAILY_CODES[kind], len(points), unusable=unusable.get(kind, 0))
    account.tally.plant("not-a-number", "spo2-day", len(nan))


DAILY_CODES: Final = {
    "daily-resting-heart-rate": "40443-4",
    "daily-heart-rate-variability": "hrv-day",
    "daily-oxygen-saturation": "spo2-day",
    "daily-respiratory-rate": "rr-day",
    "daily-sleep-temperature-derivations": "skin-temp-dev",
}


def _resting(life: Life, n: int) -> str:
    method = "WITH_SLEEP" if life.nights_worn[n] else "ONLY_WITH_AWAKE_DATA"
    return (
        f'"beatsPerMinute":"{round(life.resting[n])}",'
        f'"dailyRestingHeartRateMetadata":{{"calculationMethod":"{method}"}}'
    )


def _variability(life: Life, n: int) -> str:
    return (
        f'"averageHeartRateVariabilityMilliseconds":{life.hrv[n]:.1f},'
        f'"nonRemHeartRateBeatsPerMinute":"{round(life.resting[n] - 2)}","entropy":2.4,'
        f'"deepSleepRootMeanSquareOfSuccessiveDifferencesMilliseconds":{life.hrv[n] * 0.93:.1f}'
    )


def _oxygen(life: Life, n: int, *, missing: bool) -> str:
    if missing:
        return f'"averagePercentage":{_NAN},"lowerBoundPercentage":{_NAN},"upperBoundPercentage":{_NAN}'
    mean = life.oxygen[n]
    return (
        f'"averagePercentage":{mean:.1f},"lowerBoundPercentage":{mean - 1.8:.1f},'
        f'"upperBoundPercentage":{min(100.0, mean + 1.6):.1f}'
    )


def _temperature(life: Life, n: int) -> str:
    nightly = 33.9 + life.skin[n]
    if n < 3:
        rest = f'"baselineTemperatureCelsius":{_NAN},"relativeNightlyStddev30dCelsius":{_NAN}'
    else:
        rest = '"baselineTemperatureCelsius":33.9,"relativeNightlyStddev30dCelsius":0.4'
    return f'"nightlyTemperatureCelsius":{nightly:.2f},{rest}'


def _scale(account: Account) -> None:
    """Weight and body fat every few mornings through a scale's app, and now and then a weight typed by hand."""
    life, own = account.life, account.dice
    app = wire.source("UNKNOWN", device="", platform="HEALTH_CONNECT", package="com.example.scaleapp")
    typed = wire.source("MANUAL", device=None)
    base = account.usual["weight_kg"]
    drift = own.normal(0, 0.02) * np.arange(life.days)
    weights, fats = [], []
    for n in range(life.days):
        lucky, by_hand, noise = own.random(), own.random(), own.normal(0, 0.35)
        second = (life.start + n * DAY + 400 + int(own.integers(0, 70))) * 60 + int(own.integers(0, 60))
        if (lucky > 0.45 and n != life.days - 1) or second > account.until:
            continue
        grams = round((base + drift[n] + noise) * 1000 / 50) * 50
        offset = account.offset(second)
        weights.append((second, offset, grams, by_hand < 0.1))
        if by_hand >= 0.1:
            fat = max(
                6.0, (30 if account.resident.female else 22) + 1.2 * (account.usual["bmi"] - 23) + noise
            )
            name = account.name("body-fat", second)
            fats.append(wire.named_sample(name, app, f'bodyFat|"percentage":{fat:.1f}', second, offset))
    if account.resident.fault == "weight-in-pounds" and weights:
        second, offset, grams, _ = weights[-1]
        weights[-1] = (second, offset, round(grams * 2.20462), True)
        account.tally.plant("weight-in-pounds", "29463-7", 1)
    points = [
        wire.named_sample(
            account.name("weight", s), typed if hand else app, f'weight|"weightGrams":{g}', s, o
        )
        for s, o, g, hand in weights
    ]
    account.lines("weight", points[::-1])
    account.lines("body-fat", fats[::-1])
    account.tally.add(FORM, "29463-7", len(points))
    account.tally.add(FORM, "41982-0", len(fats))
