"""Ingest: samples a second until queryable, from each format, against COPY of the same samples as rows."""

from __future__ import annotations

import gc
import resource
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ingest.bare import BARE
from ingest.files import fitbit_json, google_health
from ingest.from_fhir import parse_lines
from phr.bootstrap import System
from phr.commands.benchmarks import bench_payloads as payloads
from phr.commands.benchmarks.bench_setting import empty_system, heart_rates, machine, resident, timed

_DAYS = 24
_WARM = 8  # days: enough for the decoder processes to be started


def run() -> dict[str, Any]:
    """The figures. parse_only: typed JSON decoding alone; decode_only: to columns; all-in: through receive."""
    seconds, pulse = heart_rates(_DAYS)
    with empty_system() as system, tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        _warm(system, folder)
        baseline = system.baseline_copy(seconds, pulse)
        figures: dict[str, Any] = {"samples": len(seconds), "formats": {}}
        before = system.operate.status(actor="bench", request="bench").vitals_bytes
        for name, prepare in _FORMATS.items():
            figures["formats"][name] = _one(
                system, name, prepare(folder, f"b-{name}", seconds, pulse), len(seconds)
            )
        after = system.operate.status(actor="bench", request="bench").vitals_bytes
        figures["bytes_per_sample"] = round((after - before) / (len(seconds) * len(_FORMATS)), 3)
        figures["peak_memory_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        figures["trail_ok"] = system.trail.verify(request="bench").ok
    speeds = {name: one["all_in_per_s"] for name, one in figures["formats"].items()}
    return {
        "name": "ingest",
        "machine": machine(),
        "figures": figures,
        "baseline": {"copy_rows_per_s": round(baseline)},
        "ratio": {name: round(speed / baseline, 2) for name, speed in speeds.items()},
    }


Prepared = tuple[Path, Callable[[], Any], Callable[[], Any]]
"""Where the files are, typed parsing alone, and decoding to columns."""


def _each(bare: Callable[[bytes], Any], texts: list[bytes]) -> None:
    """Parses and lets go: keeping millions of objects would measure the memory instead."""
    for text in texts:
        bare(text)


def _google(folder: Path, _patient: str, seconds: Any, pulse: Any) -> Prepared:
    pages = payloads.google(folder / "google-health-json", seconds, pulse)
    bare = BARE["google-health-json"]
    return (
        folder / "google-health-json",
        lambda: _each(bare, pages),
        lambda: [google_health.decode(page, zone=_zone()) for page in pages],
    )


def _fitbit(folder: Path, _patient: str, seconds: Any, pulse: Any) -> Prepared:
    pages = payloads.fitbit(folder / "fitbit-json", seconds, pulse)
    bare = BARE["fitbit-json"]
    return (
        folder / "fitbit-json",
        lambda: _each(bare, pages),
        lambda: [fitbit_json.decode(page, zone=_zone()) for page in pages],
    )


def _fhir(folder: Path, patient: str, seconds: Any, pulse: Any) -> Prepared:
    lines = payloads.fhir(folder / "observations.ndjson", patient, seconds, pulse)
    bare = BARE["fhir-ndjson"]
    return (
        folder / "observations.ndjson",
        lambda: _each(bare, lines),
        lambda: parse_lines(lines, _zone()),
    )


_FORMATS: dict[str, Callable[..., Prepared]] = {
    "google-health-json": _google,
    "fitbit-json": _fitbit,
    "fhir-ndjson": _fhir,
}


def _zone() -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo("Asia/Tokyo")


def _one(system: System, name: str, prepared: Prepared, samples: int) -> dict[str, Any]:
    """One format: parsed, decoded, ingested, and sent again."""
    path, bare, columns = prepared
    person, _consent = resident(system, f"b-{name}")
    gc.collect()
    parse_s, _ = timed(bare)
    decode_s, _ = timed(columns)
    gc.collect()

    def ingest() -> Any:
        return system.importing(name, path, request="bench", person=person).receipt

    first_s, first = timed(ingest)
    again_s, again = timed(ingest)
    if first.stored != samples or again.repeated != samples or again.stored:
        raise RuntimeError(f"{name}: {first} then {again}")
    return {
        "parse_only_per_s": round(samples / parse_s),
        "decode_only_per_s": round(samples / decode_s),
        "all_in_per_s": round(samples / first_s),
        "resent_per_s": round(samples / again_s),
        "all_in_of_parse_only": round(parse_s / first_s, 2),
        "all_in_of_decode_only": round(decode_s / first_s, 2),
    }


def _warm(system: System, folder: Path) -> None:
    """Lets code and caches load, as in a service that runs."""
    seconds, pulse = heart_rates(_WARM, seed=2)
    for name, prepare in _FORMATS.items():
        warm = folder / f"warm-{name}"
        warm.mkdir()
        path = prepare(warm, f"w-{name}", seconds, pulse)[0]
        person, _consent = resident(system, f"w-{name}")
        system.importing(name, path, request="warm", person=person)
