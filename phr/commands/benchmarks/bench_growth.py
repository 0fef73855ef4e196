"""Growth: search, day, chart, newest and write from 10^5 samples to 10^9, sizes, vacuum, trimming, and what a prefecture needs."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from phr.bootstrap import System
from phr.bootstrap.growing import Model
from phr.commands.benchmarks import bench_growth_needs as needs
from phr.commands.benchmarks.bench_growth_looks import measured, running
from phr.commands.benchmarks.bench_growth_page import tables
from phr.commands.benchmarks.bench_growth_town import Town, grow, load, models, summary
from phr.commands.benchmarks.bench_setting import machine, quantiles, timed
from phr.config import Settings
from phr.domain.access import Access
from phr.domain.days import day_at

_FIRST: Final = 100_000
_PLAIN_UP_TO: Final = 10_000_000
"""The plain table stops here: 164 bytes a row make 16 GB of the next power."""
_OF_SAMPLES: Final = ("vital_chunk", "vital_day", "vital_source")
_LOOKS: Final = 60
_HITS: Final = 100
_WAVE_DAYS: Final = 90
_BLOCK: Final = 50  # people in one transaction of retention


def run(
    up_to: float = 1e7, keep: Path | None = None, *, measure_only: bool = False, looks: int = _LOOKS
) -> dict[str, Any]:
    """The figures of every power of ten; measure_only: of what a kept folder holds, without filling."""
    folder = keep or Settings().home / "bench-growth"
    if keep is None:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        kinds = models(folder)
        found = _held(folder, looks) if measure_only else _powers(folder, kinds, int(up_to), looks)
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    last = found[-1]
    figures = {
        "powers": found,
        "models": {name: _day_of(group) for name, group in zip(("few", "many"), kinds, strict=True)},
        "prefecture": needs.prefecture(last, [_day_of(group) for group in kinds]),
    }
    if keep is not None:
        (keep / "growth-tables.md").write_text(tables(figures), "utf-8")
    return {
        "name": "growth",
        "machine": {**machine(), "load_1_5_15_min": [round(one, 1) for one in os.getloadavg()]},
        "figures": figures,
        "baseline": {"select_100_rows": last.get("plain")},
        "ratio": {"search_now_to_first_p50": _ratio(found)},
    }


def _powers(
    folder: Path, kinds: tuple[list[Model], list[Model]], up_to: int, looks: int
) -> list[dict[str, Any]]:
    """Grows and measures by turns."""
    found, target = [], _FIRST
    while target <= up_to:
        town, filled = _filled(folder, kinds, target)
        if town.samples < target * 10:  # a kept town that is larger has passed this power
            found.append({**_power(folder, town, looks), **filled})
        target *= 10
    return found


def _filled(
    folder: Path, kinds: tuple[list[Model], list[Model]], target: int
) -> tuple[Town, dict[str, float]]:
    with running(folder / "home") as system:
        town = load(folder) or Town(day_at(system.clock.now(), system.settings.tz) - timedelta(days=1))
        if town.samples >= target:
            return town, {}
        fill_s, _ = timed(lambda: grow(system, folder, town, kinds, target))
        vacuum_s = system.growth.vacuum()
        system.growth.checkpoint()
    return town, {"fill_s": round(fill_s, 1), "vacuum_first_s": round(vacuum_s, 1)}


def _held(folder: Path, looks: int) -> list[dict[str, Any]]:
    town = load(folder)
    if town is None or not town.people:
        raise FileNotFoundError(2, "No such town", str(folder))
    with running(folder / "home") as system:
        system.growth.vacuum()
        system.growth.checkpoint()
    return [_power(folder, town, looks)]


def _power(folder: Path, town: Town, looks: int) -> dict[str, Any]:
    found: dict[str, Any] = {**summary(town), "looks": measured(folder, town, looks)}
    with running(folder / "home") as system:
        found["server"] = system.growth.version()
        found["sizes"] = system.growth.weights()
        found["bytes_per_sample"] = round(_total(found["sizes"]) / town.samples, 3)
        found["wave"] = _wave(system, town)
        found["trim"] = _trimmed(system, town)
        if town.samples < _PLAIN_UP_TO * 2:
            plain = system.growth.plain(min(town.samples, _PLAIN_UP_TO), _HITS, looks)
            system.growth.without_plain()
            found["plain"] = {"rows": plain.rows, "bytes": plain.size, **quantiles(plain.seconds)}
    return found


def _wave(system: System, town: Town) -> dict[str, Any]:
    """A tenth of the people is read again for a quarter of a year: what it leaves behind, and what vacuum needs for it."""
    tenth = [UUID(one.person) for one in town.people[::10]]
    before = system.growth.weights()
    rows, seconds = system.growth.wave(tenth, town.end - timedelta(days=_WAVE_DAYS))
    after = system.growth.weights()
    vacuum_s = system.growth.vacuum()
    return {
        "people": len(tenth),
        "rows": rows,
        "seconds": round(seconds, 2),
        "in_page": {name: after[name]["updated_in_page"] - before[name]["updated_in_page"] for name in after},
        "updated": {name: after[name]["updated"] - before[name]["updated"] for name in after},
        "dead": {name: one["dead"] for name, one in after.items()},
        "grown_bytes": _total(after) - _total(before),
        "vacuum_s": round(vacuum_s, 2),
    }


def _trimmed(system: System, town: Town) -> dict[str, Any]:
    """The oldest year of a tenth of the people is deleted as retention does it, and put back afterwards."""
    tenth = [UUID(one.person) for one in town.people[::10]]
    before = town.end - timedelta(days=364)
    access = Access("system", "retention", system.settings.recipient, "operate", "bench")
    rows = system.growth.aside(tenth, before)
    seconds, _ = timed(
        lambda: [
            system.retention.trim(tenth[at : at + _BLOCK], before, access)
            for at in range(0, len(tenth), _BLOCK)
        ]
    )
    dead = {name: one["dead"] for name, one in system.growth.weights().items()}
    vacuum_s = system.growth.vacuum()
    left = system.growth.weights()
    system.growth.put_back()
    system.growth.vacuum()
    return {
        "people": len(tenth),
        "rows": rows,
        "seconds": round(seconds, 2),
        "dead": dead,
        "vacuum_s": round(vacuum_s, 2),
        "bytes_after": _total(left),
    }


def _total(sizes: dict[str, dict[str, int]]) -> int:
    return sum(sizes[name]["total"] for name in _OF_SAMPLES)


def _day_of(group: list[Model]) -> dict[str, float]:
    """What a day of somebody with such a watch holds, on average."""
    days = [(one, day) for one in group for day in one.days]
    return {
        "samples": round(sum(one.samples(day) for one, day in days) / len(days), 1),
        "chunks": round(sum(len(one.chunks[day]) for one, day in days) / len(days), 1),
        "summaries": round(sum(len(one.summaries[day]) for one, day in days) / len(days), 1),
        "payload_bytes": round(
            sum(len(row[10]) for one, day in days for row in one.chunks[day]) / len(days), 1
        ),
    }


def _ratio(found: list[dict[str, Any]]) -> float:
    first, last = (float(one["looks"]["search_100_hits"]["warm"]["p50_ms"]) for one in (found[0], found[-1]))
    return round(last / first, 2)
