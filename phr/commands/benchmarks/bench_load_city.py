"""A city for the benchmark of load: a hundred residents who came in by the ordinary use cases, multiplied in the database.

Lighter than the synthetic city: every copy has the name, the values and the days of its template, there are no faults of
devices, no families and no audit rows of the past, and every tenth has cases.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from phr.bootstrap import System, start, stop_embedded
from phr.bootstrap.multiplying import Copy, multiply
from phr.commands.benchmarks.bench_pages_city import build_city
from phr.commands.demo_guidance import SETTINGS
from phr.config import Settings
from phr.errors import Refused
from phr.ids import person_id

TEMPLATES: Final = 100
WATCH: Final = 5
"""Every fifth has a watch (a heart rate each minute of the last week)."""
CUFF: Final = 3
"""Every third measures the blood pressure at home, morning and evening."""
_CASES: Final = 10
"""Every tenth copy has its template's cases: a list of some thousands, not one of the whole city."""
_DAYS: Final = 14
_NOTE: Final = "load.json"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class City:
    """A city that is ready: its system, how many live there, and how it was built."""

    system: System
    residents: int
    built: dict[str, Any]

    def patient(self, number: int) -> str:
        """The id of a resident, from 0."""
        return f"bench-{number:06d}" if number < TEMPLATES else f"load-{number:06d}"


@contextmanager
def city(residents: int, keep: Path | None, more: dict[str, Any], say: Say) -> Iterator[City]:
    """A city of so many: the one that is kept there, or a new one, which is removed afterwards unless it is to be kept."""
    given = Settings()
    home = (keep or given.home / "bench-load").resolve()
    note = home / _NOTE
    known = orjson.loads(note.read_bytes()) if keep is not None and note.exists() else None
    if known is None:
        _empty(home, keep)
    elif known["residents"] != residents:
        raise Refused(f"--kept holds a city of {known['residents']} residents")
    settings = given.model_copy(
        update={**SETTINGS, "database_url": "", "base_url": "http://127.0.0.1:8099", **more, "home": home}
    )
    system = start(settings)
    try:
        built = known or _built(system, residents, say)
        if known is None:
            note.write_bytes(orjson.dumps(built))
        else:
            system.migrate()
        yield City(system, residents, built)
    finally:
        system.close()
        stop_embedded(home)
        if keep is None:
            shutil.rmtree(home, ignore_errors=True)


def _empty(home: Path, keep: Path | None) -> None:
    """A new folder; one that somebody filled is not emptied for a benchmark."""
    if keep is not None and home.exists() and any(home.iterdir()):
        raise Refused("--kept must name a new or empty folder, or one that this benchmark made")
    if (home / "pg" / "postmaster.pid").exists():
        stop_embedded(home)
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)


def _built(system: System, residents: int, say: Say) -> dict[str, Any]:
    began = time.monotonic()
    system.migrate()
    few = min(TEMPLATES, residents)
    say(f"{few} residents by the ordinary use cases")
    streets = build_city(system, few, _DAYS, WATCH)
    templates_s = round(time.monotonic() - began)
    people = sorted(streets.people.items())
    rows = multiply(
        system.database.admin,
        (_copy(number, *people[number % few]) for number in range(few, residents)),
        say,
    )
    return {
        "residents": residents,
        "templates": few,
        "templates_s": templates_s,
        "seconds": round(time.monotonic() - began),
        "rows_copied": rows,
        "left_out_of_the_templates": streets.left_out,
    }


def _copy(number: int, origin: str, template: Any) -> Copy:
    patient = f"load-{number:06d}"
    street = number // TEMPLATES
    return Copy(template, origin, person_id(patient), patient, number, street, not street % _CASES)
