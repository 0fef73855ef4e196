"""The town of the benchmark of growth: few invented people are stored by the service, and many others are made of their days."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson

from phr.bootstrap import System, start, stop_embedded
from phr.bootstrap.growing import Model
from phr.commands.benchmarks.bench_setting import resident
from phr.config import Settings
from phr.errors import Refused

HISTORY: Final = 730  # days of everybody, the last person of a step apart
EVERY: Final = 10  # every tenth watch gives a heart rate each five seconds, the others one in three minutes
_HEART: Final = "8867-4"
_MODELS: Final = (("normal", 30, 10), ("high", 12, 5))  # density, residents, days
_STATE: Final = "growth.json"


@dataclass(slots=True)
class Grown:
    """One person of the town: which model, and how many days up to the last one are stored."""

    patient: str
    person: str
    model: int
    days: int = 0


@dataclass(slots=True)
class Town:
    """What is stored so far; kept in a file beside the database, so that a kept town goes on growing."""

    end: date
    people: list[Grown] = field(default_factory=list)
    samples: int = 0


def installation(home: Path) -> System:
    """An installation in a folder of its own, on the embedded server."""
    home.mkdir(parents=True, exist_ok=True)
    given = Settings().model_copy(
        update={"home": home, "database_url": "", "base_url": "http://127.0.0.1:8099"}
    )
    system = start(given)
    system.migrate()
    return system


def load(folder: Path) -> Town | None:
    """The town that is kept in a folder."""
    file = folder / _STATE
    if not file.exists():
        return None
    held = orjson.loads(file.read_bytes())
    people = [Grown(**one) for one in held["people"]]
    return Town(date.fromisoformat(held["end"]), people, held["samples"])


def save(folder: Path, town: Town) -> None:
    """Keeps it."""
    (folder / _STATE).write_bytes(orjson.dumps(asdict(town)))


def models(folder: Path) -> tuple[list[Model], list[Model]]:
    """Models with few heart rates and with many: invented residents whose files the service itself has stored."""
    home = folder / "models"
    known = home / "models.json"
    with closing(installation(home)) as system:
        if not known.exists():
            held = {one[0]: _stored(system, folder, *one) for one in _MODELS}
            known.write_bytes(orjson.dumps(held))
        people = orjson.loads(known.read_bytes())
        found = [system.growth.models([UUID(one) for one in people[density]]) for density, *_rest in _MODELS]
    stop_embedded(home)
    few, many = ([one for one in group if _watch(one)] for group in found)
    if not few or not many:
        raise Refused("no invented resident of the benchmark has a watch")
    return few, many


def _watch(model: Model) -> bool:
    """Whether every day has heart rates."""
    return all(any(row[1] == _HEART for row in model.chunks[day]) for day in model.days)


def _stored(system: System, folder: Path, density: str, residents: int, days: int) -> list[str]:
    """Files of an invented city, imported: who they are."""
    city = folder / f"city-{density}"
    if not city.exists():
        subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", "synthetic_data", "city", str(city), "--residents", str(residents),
             "--days", str(days), "--density", density, "--seed", "7"],
            check=True,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
    found = []
    for path in sorted((city / "google-health").glob("*")):
        person, _consent = resident(system, f"model-{density}-{path.name}")
        system.importing("google-health-json", path, request="bench", person=person)
        found.append(str(person))
    return found


def plan(
    town: Town, target: int, size: Callable[[int, date], int], model_of: Callable[[int], int]
) -> Iterator[tuple[int, list[date]]]:
    """Which days of which person are still to be stored until the town holds so many samples.

    The newest days of a person come first, so that whoever has few has the last ones. size: samples of a model's day.
    Yields the number of the person, who may be new, and the days.
    """
    missing, number = target - town.samples, 0
    while missing > 0:
        held = town.people[number].days if number < len(town.people) else 0
        model = town.people[number].model if number < len(town.people) else model_of(number)
        days: list[date] = []
        while held + len(days) < HISTORY and missing > 0:
            day = town.end - timedelta(days=held + len(days))
            days.append(day)
            missing -= size(model, day)
        if days:
            yield number, days
        number += 1


def grow(
    system: System, folder: Path, town: Town, kinds: tuple[Sequence[Model], Sequence[Model]], target: int
) -> None:
    """Fills the town up to a number of samples: consents by the service, days as an administrator copies them.

    Days are stored one civil day after the other and all people of a step within it, as they come in real life: the
    rows of one person lie far apart.
    """
    few, many = kinds
    all_models = [*few, *many]

    def model_of(number: int) -> int:
        turn = number // EVERY
        return len(few) + turn % len(many) if number % EVERY == EVERY - 1 else (number - turn) % len(few)

    todo: list[tuple[date, int]] = []
    for number, days in plan(town, target, lambda model, day: all_models[model].samples(day), model_of):
        if number == len(town.people):
            person, _consent = resident(system, f"grown-{number:06d}")
            town.people.append(Grown(f"grown-{number:06d}", str(person), model_of(number)))
            system.growth.settle(all_models[model_of(number)], person)
        town.people[number].days += len(days)
        todo += [(day, number) for day in days]
    todo.sort()
    whom = [(all_models[one.model], UUID(one.person)) for one in town.people]
    _chunks, samples = system.growth.fill((*whom[number], day) for day, number in todo)
    town.samples += samples
    save(folder, town)


def summary(town: Town) -> dict[str, Any]:
    """Who lives there."""
    return {
        "samples": town.samples,
        "people": len(town.people),
        "days": sum(one.days for one in town.people),
        "longest_history_days": max((one.days for one in town.people), default=0),
    }
