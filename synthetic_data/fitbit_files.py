"""Writes one resident's legacy Fitbit Web API responses: naive local times, one file per endpoint and day or range."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from synthetic_data.life import AWAKE, DAY, DEEP, LIGHT, REM, Life, Sleep
from synthetic_data.people import Resident
from synthetic_data.tally import Tally
from synthetic_data.wire_time import naive

FORM: Final = "fitbit"
LEVELS: Final = {AWAKE: "wake", LIGHT: "light", DEEP: "deep", REM: "rem"}
_CLOCK: Final = [f'{{"time":"{m // 60:02d}:{m % 60:02d}:00","value":' for m in range(DAY)]


class Folder:
    """One resident's folder and what is needed to fill it."""

    def __init__(self, path: Path, resident: Resident, life: Life, until: int, tally: Tally) -> None:
        self.path = path
        self.resident = resident
        self.life = life
        self.tally = tally
        self.minutes = min(len(life.steps), max(0, until // 60 - life.start))
        self.until = until

    def put(self, name: str, text: str) -> None:
        """Writes one response."""
        self.path.mkdir(parents=True, exist_ok=True)
        (self.path / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
        self.tally.files += 1


def write(folder: Folder, usual: dict[str, float], owned: Sequence[str], own: np.random.Generator) -> None:
    """Writes the whole folder."""
    for n in range(folder.life.days):
        if folder.minutes > n * DAY:
            _heart(folder, n)
            _steps(folder, n)
    _sleep(folder)
    _nights(folder)
    if "scale" in owned:
        _weight(folder, usual, own)


def _heart(folder: Folder, n: int) -> None:
    """A day of heart rate by the minute; a day without a worn night has no resting heart rate."""
    life = folder.life
    last = min((n + 1) * DAY, folder.minutes)
    minutes = [m for m in range(n * DAY, last) if life.worn[m]]
    beats = np.rint(life.heart).astype(np.int64)
    rows = ",".join(f"{_CLOCK[m - n * DAY]}{beats[m]}}}" for m in minutes)
    top = 208 - 0.7 * life.age
    bounds = [30, round(top * 0.5), round(top * 0.7), round(top * 0.85), 220]
    worn = beats[minutes]
    zones = [
        {
            "caloriesOut": round(float(((worn >= low) & (worn < high)).sum()) * (1.3 + 2.2 * i), 1),
            "max": high,
            "min": low,
            "minutes": int(((worn >= low) & (worn < high)).sum()),
            "name": ("Out of Range", "Fat Burn", "Cardio", "Peak")[i],
        }
        for i, (low, high) in enumerate(pairwise(bounds))
    ]
    value: dict[str, Any] = {"customHeartRateZones": [], "heartRateZones": zones}
    if life.nights_worn[n]:
        value["restingHeartRate"] = round(float(life.resting[n]))
        folder.tally.add(FORM, "40443-4", 1)
    head = json.dumps([{"dateTime": life.day(n).isoformat(), "value": value}])
    folder.put(
        f"heart-{life.day(n)}",
        f'{{"activities-heart":{head},"activities-heart-intraday":'
        f'{{"dataset":[{rows}],"datasetInterval":1,"datasetType":"minute"}}}}',
    )
    folder.tally.add(FORM, "8867-4", len(minutes))


def _steps(folder: Folder, n: int) -> None:
    """A day of steps by the minute, zeros included; the day's total is text."""
    life = folder.life
    last = min((n + 1) * DAY, folder.minutes)
    counts = np.where(life.worn[n * DAY : last], life.steps[n * DAY : last], 0).tolist()
    rows = ",".join(f"{_CLOCK[m]}{count}}}" for m, count in enumerate(counts))
    folder.put(
        f"steps-{life.day(n)}",
        f'{{"activities-steps":[{{"dateTime":"{life.day(n)}","value":"{sum(counts)}"}}],'
        f'"activities-steps-intraday":{{"dataset":[{rows}],"datasetInterval":1,"datasetType":"minute"}}}}',
    )
    folder.tally.add(FORM, "55423-8", len(counts))
    folder.tally.add(FORM, "41950-7", 1)


def _sleep(folder: Folder) -> None:
    """One response per civil day on which a sleep ended."""
    by_day: dict[date, list[Sleep]] = {}
    for sleep in folder.life.sleeps:
        if sleep.end * 60 <= folder.until:
            ended = date.fromisoformat(naive(sleep.end * 60, _offset(folder.life, sleep.end))[:10])
            by_day.setdefault(ended, []).append(sleep)
    for day, sleeps in by_day.items():
        logs = [_log(folder.life, sleep, day) for sleep in sleeps]
        summary = {
            "totalMinutesAsleep": sum(log["minutesAsleep"] for log in logs),
            "totalSleepRecords": len(logs),
            "totalTimeInBed": sum(log["timeInBed"] for log in logs),
        }
        folder.put(f"sleep-{day}", json.dumps({"sleep": logs, "summary": summary}))
        folder.tally.add(FORM, "93832-4", len(logs))
        folder.tally.add(FORM, "sleep-stage", sum(len(log["levels"]["data"]) for log in logs))


def _offset(life: Life, minute: int) -> int:
    return int(life.offset[min(max(minute - life.start, 0), len(life.offset) - 1)]) * 60


def _log(life: Life, sleep: Sleep, day: date) -> dict[str, Any]:
    stages = [(LEVELS[kind], a, b) for kind, a, b in sleep.stages]
    if not stages:
        stages = [("asleep", sleep.start, sleep.end - 4), ("restless", sleep.end - 4, sleep.end)]
    asleep = sum(b - a for kind, a, b in stages if kind in {"light", "deep", "rem", "asleep"})
    bed = sleep.end - sleep.start

    def local(minute: int) -> str:
        return naive(minute * 60, _offset(life, sleep.end)) + ".000"

    data = [{"dateTime": local(a), "level": kind, "seconds": (b - a) * 60} for kind, a, b in stages]
    kinds = sorted({kind for kind, _, _ in stages})
    totals = {
        k: {
            "count": sum(s[0] == k for s in stages),
            "minutes": sum(b - a for kind, a, b in stages if kind == k),
        }
        for k in kinds
    }
    levels: dict[str, Any] = {"data": data, "summary": totals}
    if sleep.stages:
        levels["shortData"] = []
    return {
        "dateOfSleep": day.isoformat(),
        "duration": bed * 60_000,
        "efficiency": round(100 * asleep / bed),
        "endTime": local(sleep.end),
        "infoCode": 0 if sleep.stages else 2,
        "isMainSleep": not sleep.nap,
        "levels": levels,
        "logId": 26_000_000_000 + sleep.start,
        "logType": "auto_detected",
        "minutesAfterWakeup": 0,
        "minutesAsleep": asleep,
        "minutesAwake": bed - asleep,
        "minutesToFallAsleep": 0,
        "startTime": local(sleep.start),
        "timeInBed": bed,
        "type": "stages" if sleep.stages else "classic",
    }


def _nights(folder: Folder) -> None:
    """One range response each for oxygen, variability, breathing and skin temperature; -1 means no breathing rate."""
    life = folder.life
    nights = [n for n in range(life.days) if life.nights_worn[n] and folder.minutes > n * DAY + 600]
    lost = {n for n in nights if n % 11 == 5}
    name = f"{life.day(0)}-{life.day(life.days - 1)}"

    def listed(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {"dateTime": life.day(n).isoformat(), "value": v} for n, v in zip(nights, values, strict=True)
        ]

    oxygen = [
        {
            "avg": _one(life.oxygen[n]),
            "min": _one(life.oxygen[n] - 2.4),
            "max": min(100.0, _one(life.oxygen[n] + 1.9)),
        }
        for n in nights
    ]
    folder.put(f"spo2-{name}", json.dumps(listed(oxygen)))
    variability = [
        {"dailyRmssd": round(float(life.hrv[n]), 3), "deepRmssd": _one(life.hrv[n] * 0.93)} for n in nights
    ]
    folder.put(f"hrv-{name}", json.dumps({"hrv": listed(variability)}))
    breaths = [{"breathingRate": -1 if n in lost else _one(life.breaths[n])} for n in nights]
    folder.put(f"br-{name}", json.dumps({"br": listed(breaths)}))
    skin = listed([{"nightlyRelative": _one(life.skin[n])} for n in nights])
    folder.put(
        f"temp-skin-{name}",
        json.dumps({"tempSkin": [{**s, "logType": "dedicated_temp_sensor"} for s in skin]}),
    )
    for code, unusable in (("spo2-day", 0), ("hrv-day", 0), ("rr-day", len(lost)), ("skin-temp-dev", 0)):
        folder.tally.add(FORM, code, len(nights), unusable=unusable)


def _one(value: float) -> float:
    return round(float(value), 1)


def _weight(folder: Folder, usual: dict[str, float], own: np.random.Generator) -> None:
    """Weighings of a month; an entry typed without a time gets 23:59:59."""
    logs: list[dict[str, Any]] = []
    for n in range(folder.life.days):
        lucky, noise = own.random(), own.normal(0, 0.35)
        if lucky > 0.4 or folder.minutes <= n * DAY + 480:
            continue
        kilograms = _one(usual["weight_kg"] + noise)
        # A typed entry may stand at a time of today that is still to come; such a one is left out.
        typed = lucky > 0.36 and folder.minutes >= (n + 1) * DAY
        log: dict[str, Any] = {"bmi": round(usual["bmi"], 2), "date": folder.life.day(n).isoformat()}
        if not typed:
            log["fat"] = _one(25 + noise)
        second = (folder.life.start + n * DAY + 430) * 60
        log |= {"logId": second * 1000, "source": "API" if typed else "Aria"}
        logs.append({**log, "time": "23:59:59" if typed else "07:10:05", "weight": kilograms})
    folder.put(f"weight-{folder.life.day(0)}", json.dumps({"weight": logs}))
    folder.tally.add(FORM, "29463-7", len(logs))
    folder.tally.add(FORM, "41982-0", sum("fat" in log for log in logs))
    folder.tally.add(FORM, "39156-5", len(logs))
