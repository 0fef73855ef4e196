"""The demo's people and data: an invented city or the files of a folder, through the ordinary use cases."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from consent.build import Choice, build
from ingest.files.sniff import format_of
from ingest.registry import FORMATS
from phr.bootstrap import System
from phr.domain.points import NoAward
from phr.errors import Refused
from phr.services.points import Happened

RESEARCHER: Final = "Organization/research-office"
INSURER: Final = "99999901"  # a number that no insurer has
_ALL: Final = ("collect", "guidance", "risk", "points")
Say = Callable[[str], None]


@dataclass
class City:
    """Who lives in the demo, and what became of their deliveries."""

    people: dict[str, UUID] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    consents: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    purposes: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    samples: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    stored: int = 0
    refused: int = 0
    quarantined: int = 0
    rejected: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    alarms: int = 0
    points: int = 0

    @property
    def shown(self) -> str:
        """The resident whose pages the demo's link opens: the one with most to see."""

        def rank(patient: str) -> tuple[int, int, str]:
            shared = self.purposes[patient] & {"guidance", "points"}
            return len(shared), self.samples[patient], patient

        return max(self.people, key=rank)

    def count(self, receipt: Any) -> None:
        """Adds a receipt."""
        if receipt is None:
            return
        self.stored += receipt.stored
        self.refused += receipt.refused
        self.quarantined += receipt.quarantined
        self.alarms += len(receipt.warnings)
        for reason, number in receipt.rejected.items():
            self.rejected[reason] += number


def invented(system: System, folder: Path, residents: int, days: int, seed: int, say: Say) -> City:
    """Builds the invented city and brings its files in."""
    from synthetic_data import city as synthetic  # the one import of invented people

    now = system.clock.now()
    end = now.astimezone(system.settings.tz).date()
    say(f"inventing {residents} residents with {days} days of data")
    synthetic.build(folder, residents=residents, days=days, seed=seed, end=end, until=now, density="normal")
    city = City()
    known = json.loads((folder / "people.json").read_text("utf-8"))
    for one in known if isinstance(known, list) else known["people"]:
        city.people[one["id"]] = _register(system, one)
        city.names[one["id"]] = one["name"]
        _agree(system, city, one["id"], one["consents"])
    say("importing check-ups and devices")
    _import(system, city, "checkup-csv", folder / "checkups.csv", None)
    for kind, name in (("google-health", "google-health-json"), ("fitbit", "fitbit-json")):
        for path in sorted((folder / kind).glob("*")):
            _import(system, city, name, path, path.name)
    for path in sorted((folder / "fhir").glob("*/*.ndjson")):
        _import(system, city, "fhir-ndjson", path, path.parent.name)
    return city


def of_files(system: System, folder: Path, say: Say) -> City:
    """Brings in every supported file below a folder. Real files carry no consent, so the demo records one for each person."""
    city = City()
    groups: dict[tuple[str, Path], list[Path]] = defaultdict(list)
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        name = format_of(path)
        if name is not None:
            groups[name, path.parent].append(path)
    if not groups:
        raise Refused("no supported file below the folder")
    for (name, parent), paths in sorted(groups.items(), key=str):
        for path in paths:
            say(f"importing {path.relative_to(folder)}")
            resident = None if FORMATS[name].many_people else (parent.relative_to(folder).as_posix() or "one")
            _import(system, city, name, path, None if resident is None else _plain(resident))
    return city


def _plain(text: str) -> str:
    kept = "".join(sign if sign.isalnum() and sign.isascii() else "-" for sign in text)
    return kept.strip("-")[:60] or "one"


def _import(system: System, city: City, name: str, path: Path, resident: str | None) -> None:
    """One import. Files for many people name them; a person not yet known is registered and agrees to everything."""
    prefix = "fitbit-" if name == "fitbit-csv" else ""

    def someone(key: str) -> UUID:
        return _known(system, city, prefix + key.removeprefix("Patient/"))

    person = None if resident is None else _known(system, city, resident)
    done = system.importing(name, path, request="demo-import", person=person, people=someone)
    city.count(done.receipt)
    if resident is not None and done.receipt is not None:
        city.samples[resident] += done.receipt.stored
    for reject in done.unowned:
        city.rejected[reject.reason] += reject.count


def _known(system: System, city: City, patient: str) -> UUID:
    if patient not in city.people:
        city.people[patient] = system.register.ensure(patient, actor="demo", role="system", request="demo")
        _agree(
            system,
            city,
            patient,
            [
                {"purpose": purpose, "recipient": system.settings.recipient, "categories": None}
                for purpose in _ALL
            ]
            + [{"purpose": "research-deidentified", "recipient": RESEARCHER, "categories": None}],
        )
    return city.people[patient]


def _register(system: System, one: dict[str, Any]) -> UUID:
    resource = {
        "resourceType": "Patient",
        "id": one["id"],
        "identifier": [
            {"system": "urn:phr:atena", "value": one["id"]},
            {"system": "urn:phr:insured", "value": _insured(one["id"])},
        ],
        "name": [{"text": one["name"]}, {"text": one["kana"]}],
        "gender": {"M": "male", "F": "female"}[one["sex"]],
        "birthDate": one["birth_date"],
        "address": [{"district": one["district"], "text": one.get("address", "")}],
    }
    return system.register.put(resource, actor="demo", role="system", request="demo")[0]


def _insured(patient: str) -> str:
    """The number under which the check-ups of the invented city name a person."""
    return f"{INSURER}:青霧:{int(patient.removeprefix('r-')):07d}:00"


def _agree(system: System, city: City, patient: str, given: Iterable[dict[str, Any]]) -> None:
    """Records what a person agreed to: one consent for care, and one for each kind of research."""
    groups: dict[tuple[str, tuple[str, ...] | None, bool], list[str]] = defaultdict(list)
    for one in given:
        categories = None if one["categories"] is None else tuple(one["categories"])
        research = one["purpose"].startswith("research")
        groups[one["recipient"], categories, research].append(one["purpose"])
    for (recipient, categories, _research), purposes in groups.items():
        resource = build(
            Choice(
                patient,
                [recipient],
                purposes,
                None if categories is None else list(categories),
                datetime.now(UTC) - timedelta(seconds=2),
                system.settings.recipient,
                "demo-1",
                "app",
            ),
            system.settings.tz,
        )
        recorded = system.consents.record(
            city.people[patient], resource, actor=patient, role="resident", request="demo-consent"
        )
        city.consents[patient].append(recorded.consent_id)
        city.purposes[patient].update(purposes)


def checkup_points(system: System, city: City) -> None:
    """Each resident whose check-up of this fiscal year came in earns for it, once."""
    for person in city.people.values():
        day = system.checkups.latest_day(person, request="demo-points")
        if day is None:
            continue
        thing = Happened("checkup_imported", day, "official", f"checkup:{day}", "checkup")
        for verdict in system.points.earn(person, [thing], request="demo-points"):
            city.points += 0 if isinstance(verdict, NoAward) else verdict.points
