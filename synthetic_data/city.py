"""Builds the files of an invented city, one resident after the other, so that memory stays small."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import IO, Any, Final

from synthetic_data import blood_pressure, checkup_csv, fitbit_files, google_files, people
from synthetic_data.errors import BadOptionError
from synthetic_data.life import HOME_OFFSET, live
from synthetic_data.people import Resident
from synthetic_data.population import Population, load
from synthetic_data.tally import Tally
from synthetic_data.tracks import heart_seconds

DEFAULT_END: Final = date(2026, 11, 20)
"""A fixed day, so that the same seed gives the same bytes on any day."""
MOST_RESIDENTS: Final = 999_999
MOST_DAYS: Final = 3_660
_BLOCK: Final = 250
_LIFE: Final = 2
"""The stream of a resident's dice that daily life uses."""


@dataclass(frozen=True, slots=True)
class CitySummary:
    """What was written. ``samples`` counts distinct usable points of the devices (check-ups are apart)."""

    residents: int
    days: int
    seed: int
    end: str
    density: str
    region: str
    checkups: int
    samples: int
    samples_by_code: dict[str, int]
    faults: dict[str, int]
    consent_kinds: dict[str, int]
    personas: dict[str, int]
    files: int

    def as_json(self) -> dict[str, Any]:
        """For the command line and ``truth.json``."""
        return asdict(self)


def build(
    directory: Path,
    *,
    residents: int,
    days: int,
    seed: int,
    end: date = DEFAULT_END,
    density: str = "normal",
    region: str = "kumamoto",
    until: datetime | None = None,
    progress: Callable[[int], None] = lambda _done: None,
) -> CitySummary:
    """Writes the city into an empty or new folder.

    ``until`` leaves out everything after an instant and moves the crisis readings before it, so that a city that
    ends today holds nothing from the future (but for the planted clock that is a year ahead).
    """
    _check(directory, residents, days, seed, density)
    population = load(region)
    last = _last_second(end, until)
    directory.mkdir(parents=True, exist_ok=True)
    counts = _Counts()
    with ExitStack() as stack:
        out = _Files(directory, stack)
        for first in range(1, residents + 1, _BLOCK):
            numbers = range(first, min(residents, first + _BLOCK - 1) + 1)
            block = [people.invent(number, seed, population, end) for number in numbers]
            counts.checkups += _checkups(out.checkups, block, seed, population, end)
            usual = people.usual_values(block, population, end)
            for i, resident in enumerate(block):
                values = {name: float(column[i]) for name, column in usual.items()}
                _resident(directory, out, counts, resident, values, _When(end, days, seed, density, last))
                progress(resident.number)
        summary = CitySummary(
            residents=residents,
            days=days,
            seed=seed,
            end=end.isoformat(),
            density=density,
            region=region,
            checkups=counts.checkups,
            samples=counts.samples.total(),
            samples_by_code=dict(sorted(counts.samples.items())),
            faults=dict(sorted(counts.faults.items())),
            consent_kinds=dict(sorted(counts.consent_kinds.items())),
            personas=dict(sorted(counts.personas.items())),
            files=counts.files + 3,
        )
        out.close(summary)
    return summary


def _check(directory: Path, residents: int, days: int, seed: int, density: str) -> None:
    if not 1 <= residents <= MOST_RESIDENTS:
        raise BadOptionError(f"--residents must be between 1 and {MOST_RESIDENTS}")
    if not 1 <= days <= MOST_DAYS:
        raise BadOptionError(f"--days must be between 1 and {MOST_DAYS}")
    if seed < 0:
        raise BadOptionError("--seed must not be negative")
    heart_seconds(density)
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise BadOptionError("DIR must be a new or an empty folder")


def _last_second(end: date, until: datetime | None) -> int:
    """The last second to write: the end of the last day, or ``until`` when that is earlier."""
    midnight = (end - date(1970, 1, 1) + timedelta(days=1)).days * 86_400 - HOME_OFFSET * 60
    if until is None:
        return midnight
    if until.tzinfo is None:
        raise BadOptionError("--until must have an offset, as in 2026-11-20T09:00:00+09:00")
    return min(midnight, int(until.timestamp()))


@dataclass(frozen=True, slots=True)
class _When:
    end: date
    days: int
    seed: int
    density: str
    last: int


class _Counts:
    """Totals over the residents."""

    def __init__(self) -> None:
        self.checkups = 0
        self.files = 0
        self.samples: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.consent_kinds: Counter[str] = Counter()
        self.personas: Counter[str] = Counter()

    def add(self, resident: Resident, persona: str, tally: Tally) -> None:
        """Adds one resident."""
        self.files += tally.files
        self.samples.update(tally.samples())
        self.faults.update(dict.fromkeys({fault.kind for fault in tally.faults}, 1))
        self.consent_kinds[resident.consent_kind] += 1
        self.personas[persona] += 1


class _Files:
    """The three files about everybody, written line by line."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        def opened(name: str) -> IO[str]:
            return stack.enter_context((directory / name).open("w", encoding="utf-8", newline="\n"))

        self.people, self.checkups, self.truth = (
            opened(n) for n in ("people.json", "checkups.csv", "truth.json")
        )
        self.people.write("[")
        self.checkups.write(checkup_csv.header())
        self.truth.write('{"people":{')
        self._separator = "\n"

    def add(self, identifier: str, person: dict[str, Any], truth: dict[str, Any]) -> None:
        """Adds one resident to both JSON files."""
        self.people.write(f"{self._separator}{json.dumps(person, ensure_ascii=False)}")
        self.truth.write(f'{self._separator}"{identifier}":{json.dumps(truth, ensure_ascii=False)}')
        self._separator = ",\n"

    def close(self, summary: CitySummary) -> None:
        """Ends both JSON files."""
        self.people.write("\n]\n")
        self.truth.write(f'\n}},\n"totals":{json.dumps(summary.as_json(), ensure_ascii=False)}}}\n')


def _checkups(out: IO[str], block: list[Resident], seed: int, population: Population, end: date) -> int:
    visits, columns = people.examinations(block, seed, population, end)
    examined = [
        checkup_csv.Examined(r.id, r.kana, r.birth_date, r.female, day, r.number) for r, day in visits
    ]
    out.writelines(checkup_csv.rows(examined, columns) if visits else [])
    return len(visits)


def _resident(
    directory: Path, out: _Files, counts: _Counts, resident: Resident, usual: dict[str, float], when: _When
) -> None:
    persona = people.persona(resident, usual, when.end)
    owned = people.devices(resident, persona)
    own = people.dice(when.seed, resident.number, _LIFE)
    tally = Tally()
    walked: list[int] = []
    if owned:
        life = live(resident, usual, when.end, when.days, own)
        walked = life.walked
        if set(owned) & {"google-watch", "phone"}:
            folder = directory / "google-health" / resident.id
            account = google_files.Account(
                folder, resident, owned, usual, life, when.density, when.last, own, tally
            )
            google_files.write(account)
        if "fitbit-legacy" in owned:
            fitbit = fitbit_files.Folder(directory / "fitbit" / resident.id, resident, life, when.last, tally)
            fitbit_files.write(fitbit, usual, owned, own)
        if "bp-monitor" in owned:
            path = directory / "fhir" / resident.id / "blood-pressure.ndjson"
            blood_pressure.write(path, resident, usual, life, when.last, own, tally)
        _whole_life_faults(resident, owned, when, tally)
    out.add(
        resident.id, _person(resident, persona, owned, tally), {**tally.as_json(), "steps_walked": walked}
    )
    counts.add(resident, persona, tally)


def _whole_life_faults(resident: Resident, owned: list[str], when: _When, tally: Tally) -> None:
    """Faults that are an absence: nothing is touched, so the days are what is counted."""
    if "google-watch" in owned:
        if resident.fault == "days-not-worn":
            tally.plant("days-not-worn", "8867-4", max(0, max(2, min(5, when.days - 1)) - 1))
        if resident.fault == "battery-empty":
            tally.plant("battery-empty", "8867-4", 1)


def _person(resident: Resident, persona: str, owned: list[str], tally: Tally) -> dict[str, Any]:
    return {
        "id": resident.id,
        "name": resident.name,
        "kana": resident.kana,
        "sex": "F" if resident.female else "M",
        "birth_date": resident.birth_date.isoformat(),
        "district": resident.district,
        "zone": "Asia/Tokyo",
        "address": resident.address,
        "health_user_id": resident.health_user_id if "google-watch" in owned or "phone" in owned else None,
        "devices": owned,
        "persona": persona,
        "consent_kind": resident.consent_kind,
        "consents": resident.consents,
        "faults": sorted({fault.kind for fault in tally.faults}),
    }
