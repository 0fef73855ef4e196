"""Score: residents a second, by the rules over columns and through the store with cases, reasons, results and audit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ingest.codes import VITALS
from ingest.series import Series, Source
from phr.bootstrap import System
from phr.commands.benchmarks.bench_setting import empty_system, machine, resident, timed
from phr.domain import scoring
from phr.domain.day_table import CODES, HEART, MEASURES, DayColumns, chosen, values_of, worn_minutes
from phr.domain.days import begins, day_at
from risk.model.artifact import shipped
from risk.trend_columns import signals, span, weight_signals, weight_span

_CITY: Final = 100_000
_PART: Final = 10_000  # people whose days are in memory at once
_ALONE: Final = 300  # residents of the baseline
_STORED: Final = 2_000
_DAYS: Final = 70
_TODAY: Final = 20_000
_MEASURED: Final = ("29463-7", "spo2-day", "8310-5", "40443-4", "55423-8", "93832-4", HEART)
_WORN: Final = ("resting_heart_rate", "steps")
Columns = dict[str, npt.NDArray[Any]]


def run() -> dict[str, Any]:
    """The figures: every rule over the columns of a city, and the whole use case; the baseline asks one resident after the other."""
    table = _checkups(_CITY)
    alone_s, _ = timed(lambda: _one_by_one(table))
    checkups_s, numbers = timed(lambda: _scored(table))
    trends_s, changed = _trends()
    with empty_system() as system:
        _store(system, {name: column[:_STORED] for name, column in table.items()})
        first_s, done = timed(lambda: system.assess(request="bench"))
        again_s, _ = timed(lambda: system.assess(request="bench"))
    city_s = checkups_s + trends_s
    return {
        "name": "score",
        "machine": machine(),
        "figures": {
            "residents": _CITY,
            "seconds": round(city_s, 2),
            "checkups_s": round(checkups_s, 2),
            "trends_s": round(trends_s, 2),
            "residents_per_s": round(_CITY / city_s),
            "scores_given": numbers[0],
            "ranks_given": numbers[1],
            "changed": changed,
            "stored": _STORED,
            "assessed_per_s": round(_STORED / first_s),
            "assessed_again_per_s": round(_STORED / again_s),
            "flagged": done.flagged,
            "opened": done.opened,
            "scored": done.scored,
        },
        "baseline": {"one_by_one_per_s": round(_ALONE / alone_s)},
        "ratio": round((_CITY / city_s) / (_ALONE / alone_s), 1),
    }


def _one_by_one(table: Columns) -> None:
    """The same rules for one resident after the other: what columns are worth."""
    columns = _summaries(_ALONE, 0)
    for row in range(_ALONE):
        _scored({name: column[row : row + 1] for name, column in table.items()})
        mine = columns.take(np.flatnonzero(columns.person == row))
        _signals(replace(mine, person=np.zeros_like(mine.person)), 1)


def _scored(table: Columns) -> tuple[int, int]:
    """Judgement, published score and the model's order of all check-ups; how many got a number and a rank."""
    checkups = scoring.judged(table, table["age_fy_end"].astype(np.float64))
    published = scoring.published(checkups)
    _, ranks = scoring.ranked(scoring.people(checkups), shipped())
    return int(np.count_nonzero(~np.isnan(published.risk))), int(np.count_nonzero(ranks))


def _trends() -> tuple[float, int]:
    """Seconds for the changes of the city, and how many signals there were; inventing the days does not count."""
    seconds, found = 0.0, 0
    for part in range(_CITY // _PART):
        columns = _summaries(_PART, part)
        took, number = timed(partial(_signals, columns, _PART))
        seconds, found = seconds + took, found + number
    return seconds, found


def _signals(columns: DayColumns, people: int) -> int:
    number = 0
    for measure, daily in MEASURES.items():
        days = span(measure)
        values = values_of(columns, daily, chosen(columns, daily, _TODAY, people, days))
        worn = worn_minutes(columns, _TODAY, people, days)[0] if measure in _WORN else None
        number += int(signals(measure, values, worn_minutes=worn).sum())
    weight = MEASURES["weight"]
    table = chosen(columns, weight, _TODAY, people, weight_span())
    return number + int(weight_signals(values_of(columns, weight, table)).sum())


def _summaries(people: int, seed: int) -> DayColumns:
    """Seventy days of six measures and of heart rates, as the store gives them."""
    rng = np.random.default_rng(seed)
    rows = people * _DAYS
    usual = {
        "29463-7": (62, 0.5),
        "spo2-day": (96, 0.7),
        "8310-5": (36.5, 0.2),
        "40443-4": (62, 2),
        "55423-8": (6500, 1800),
        "93832-4": (400, 50),
        HEART: (72, 4),
    }
    values = np.concatenate([rng.normal(*usual[code], rows) for code in _MEASURED])
    size = rows * len(_MEASURED)
    return DayColumns(
        person=np.tile(np.repeat(np.arange(people), _DAYS), len(_MEASURED)),
        code=np.repeat([CODES.index(code) for code in _MEASURED], rows),
        source=np.zeros(size, np.int64),
        day=_TODAY - np.tile(np.arange(_DAYS), people * len(_MEASURED)),
        n=np.full(size, 100),
        mean=values,
        total=values,
        worn=rng.integers(300, 1200, size),
    )


def _checkups(n: int) -> Columns:
    """Invented check-ups with the spread of a city's."""
    rng = np.random.default_rng(3)
    return {
        "age_fy_end": rng.integers(40, 75, n).astype(float),
        "sex": np.where(rng.random(n) < 0.5, "M", "F"),
        "bmi": np.round(rng.normal(23, 3.5, n), 1),
        "waist_cm": np.round(rng.normal(83, 9, n), 1),
        "sbp_avg": np.round(rng.normal(127, 17, n)),
        "dbp_avg": np.round(rng.normal(76, 11, n)),
        "blood_draw_code": np.full(n, 2.0),
        "fpg": np.round(rng.normal(98, 18, n)),
        "hba1c_ngsp": np.round(rng.normal(5.7, 0.6, n), 1),
        "tg_fasting": np.round(rng.lognormal(4.6, 0.5, n)),
        "hdl": np.round(rng.normal(62, 16, n)),
        "ldl": np.round(rng.normal(124, 30, n)),
        "smoking": rng.choice([1.0, 2.0, 3.0], n, p=[0.16, 0.24, 0.6]),
        "med_bp": rng.choice([1.0, 2.0], n, p=[0.25, 0.75]),
        "med_glucose": rng.choice([1.0, 2.0], n, p=[0.07, 0.93]),
        "med_lipid": rng.choice([1.0, 2.0], n, p=[0.18, 0.82]),
    }


def _store(system: System, table: Columns) -> None:
    """A check-up for each resident, and ten weeks of steps and weight for every fourth."""
    known = {channel.name for channel in VITALS["checkup"].channels}
    today = day_at(system.clock.now(), system.settings.tz)
    midnight = int(begins(today, system.settings.tz).timestamp()) * 1_000_000
    days = (
        midnight
        - np.arange(1, _DAYS + 1, dtype=np.int64) * int(timedelta(days=1).total_seconds()) * 1_000_000
    )
    rng = np.random.default_rng(5)
    for number in range(_STORED):
        person, _consent = resident(system, f"bench-{number}")
        channels = {
            name: np.array([float(column[number])]) for name, column in table.items() if name in known
        }
        series = [_series("checkup", np.array([midnight]), channels)]
        if not number % 4:
            steps = rng.normal(6500, 1800, _DAYS).clip(0)
            series += [
                _series("41950-7", days[::-1], {"value": np.round(steps)}),
                _series(
                    "29463-7", days[::-1] + 25_200_000_000, {"value": np.round(rng.normal(62, 0.5, _DAYS), 1)}
                ),
            ]
        system.receive(person, series, request="bench")


def _series(code: str, starts: npt.NDArray[np.int64], channels: Columns) -> Series:
    source = Source(code, code, "city", "", "active")
    n = len(starts)
    return Series(code, source, starts, channels, np.full(n, 32400, np.int32), np.zeros(n, np.uint8))
