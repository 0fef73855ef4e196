"""What benchmarks share: an empty system, invented samples, and a description of the machine."""

from __future__ import annotations

import os
import platform
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

from consent.build import Choice, build
from phr.bootstrap import System, start, stop_embedded
from phr.config import Settings

DAY: Final = 86_400
STEP: Final = 5  # seconds between two heart rates
ALL: Final = ("collect", "guidance", "risk", "points")


@contextmanager
def empty_system(more: Mapping[str, Any] | None = None) -> Iterator[System]:
    """A system on an embedded database that is made for the benchmark and removed after it; more: other settings."""
    given = dict(more or {})
    home = Settings().model_copy(update=given).home / "bench"
    if (home / "pg" / "postmaster.pid").exists():
        stop_embedded(home)
    shutil.rmtree(home, ignore_errors=True)
    try:
        with kept_system(home, given) as system:
            yield system
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def kept_system(home: Path, more: Mapping[str, Any]) -> Iterator[System]:
    """A system on an embedded database that stays in this folder, brought up to the present schema; more: other settings."""
    home.mkdir(parents=True, exist_ok=True)
    given = {**more, "home": home, "database_url": "", "base_url": "http://127.0.0.1:8099"}
    system = start(Settings().model_copy(update=given))
    system.migrate()
    try:
        yield system
    finally:
        system.close()
        stop_embedded(home)


def resident(system: System, patient: str, recipients: tuple[str, ...] = ()) -> tuple[UUID, str]:
    """A registered resident who agrees to the city's purposes: person and consent."""
    person = system.register.put(
        {"resourceType": "Patient", "id": patient, "gender": "female", "birthDate": "1960-05-05"},
        actor="bench",
        role="system",
        request="bench",
    )[0]
    choice = Choice(
        patient,
        [system.settings.recipient, *recipients],
        list(ALL),
        None,
        datetime.now(UTC) - timedelta(seconds=2),
        system.settings.recipient,
        "bench",
        "app",
    )
    recorded = system.consents.record(
        person, build(choice, system.settings.tz), actor=patient, role="resident", request="bench"
    )
    return person, recorded.consent_id


def heart_rates(days: int, seed: int = 1) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Seconds since the epoch and beats per minute, one every five seconds for so many past days, some not worn."""
    rng = np.random.default_rng(seed)
    last = int(datetime.now(UTC).timestamp()) // DAY * DAY - 9 * 3600  # midnight in Japan
    seconds = np.arange(last - days * DAY, last, STEP, dtype=np.int64)
    worn = rng.random(len(seconds) // 720 + 1).repeat(720)[: len(seconds)] < 0.9
    seconds = seconds[worn]
    pulse = 66 + 12 * np.sin(seconds / DAY * 2 * np.pi) + np.cumsum(rng.normal(0, 0.4, len(seconds))) % 25
    return seconds, np.clip(np.rint(pulse), 45, 170).astype(np.int64)


def machine() -> dict[str, Any]:
    """Where the figures were measured."""
    return {
        "python": platform.python_version(),
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
    }


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds that work took, and what it gave."""
    began = time.perf_counter()
    found = work()
    return time.perf_counter() - began, found


def quantiles(values: list[float]) -> dict[str, float]:
    """p50, p95, p99 and the largest, in milliseconds."""
    if not values:
        return {}
    ordered = np.sort(np.array(values) * 1000)
    at = {
        name: float(ordered[min(len(ordered) - 1, int(q * len(ordered)))]) for name, q in _QUANTILES.items()
    }
    return {**{name: round(value, 3) for name, value in at.items()}, "max_ms": round(float(ordered[-1]), 3)}


_QUANTILES: Final = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}
