"""A city with consenting people and clients of one university, for tests of bulk data."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI

from phr.asgi import create_app
from phr.bootstrap import System, start
from phr.services.accounts import Caller
from tests.build import agree, blood_pressure, heart_rates
from tests.calling import Calling
from tests.conftest import FixedClock, settings_at

TEN = datetime(2026, 3, 3, 1, tzinfo=UTC)
ASYNC = {"Prefer": "respond-async", "Accept": "application/fhir+json"}


class Client(Calling):
    """Calls the application with one bearer token; answers are decoded as a client does it."""

    def get(self, address: str, **headers: str) -> httpx.Response:
        return self("GET", address, headers=headers)

    def begin(self, address: str = "/fhir/$export", body: Any = None, **headers: str) -> httpx.Response:
        """Kicks off: by GET, or by POST where there is a body."""
        if body is None:
            return self("GET", address, headers={**ASYNC, **headers})
        return self("POST", address, headers={**ASYNC, **headers}, json=body)


@dataclass
class Somebody:
    """A registered person."""

    person: UUID
    patient: str
    consents: list[str] = field(default_factory=list)


@dataclass
class Scene:
    """The service with a clock that moves when told, and the people of one university's study."""

    system: System
    clock: FixedClock
    university: str
    app: FastAPI

    def client(
        self, name: str, role: str = "researcher", purpose: str = "research-identifiable", at: str = ""
    ) -> Client:
        """A client with a token; of the university unless said otherwise."""
        subject = f"{name}-{self.university.rpartition('/')[2]}"
        recipient = at or self.university
        self.system.accounts.put(subject, role, recipient=recipient, request="test")
        return Client(self.app, self.system.accounts.issue(subject, "token", purpose=purpose, request="test"))

    def resident(self, who: Somebody) -> Client:
        """The person themselves."""
        accounts = self.system.accounts
        own = f"Patient/{who.patient}"
        accounts.put(who.patient, "resident", recipient=own, person=who.person, request="test")
        return Client(self.app, accounts.issue(who.patient, "token", purpose="self", request="test"))

    def somebody(self, beats: Iterable[float] = (61.0, 62.0, 63.0), *, pressure: bool = True) -> Somebody:
        """A person with heart rates of one day and a blood pressure of the next, who shares with nobody."""
        patient = f"p-{uuid4().hex[:12]}"
        resource = {"resourceType": "Patient", "id": patient, "gender": "male", "birthDate": "1961-02-03"}
        person = self.system.register.put(resource, actor="test", role="system", request="test")[0]
        agree(self.system, person, patient, purposes=("collect",), date_time=self.before())
        series = [heart_rates(TEN, list(beats))]
        if pressure:
            series.append(blood_pressure(TEN + timedelta(days=1), 121, 81))
        self.system.receive(person, series, request="test")
        return Somebody(person, patient)

    def before(self) -> datetime:
        """A moment that is past for the scene's clock and for the database's."""
        return min(self.clock.at, datetime.now(UTC)) - timedelta(seconds=10)

    def share(self, who: Somebody, **choice: Any) -> str:
        """Lets the university have the record with names."""
        given = {
            "purposes": ("research-identifiable",),
            "recipients": (self.university,),
            "date_time": self.before(),
            **choice,
        }
        consent = agree(self.system, who.person, who.patient, **given)
        who.consents.append(consent)
        return consent

    def withdraw(self, who: Somebody) -> None:
        """Takes everything back that was shared with the university."""
        for consent in who.consents:
            self.system.consents.withdraw(
                who.person, consent, actor=who.patient, role="resident", request="test"
            )
        who.consents.clear()

    def work(self) -> dict[str, int]:
        """One round of the worker."""
        return self.system.bulk_jobs.round(request="test-round")

    def exported(self, client: Client, address: str = "/fhir/$export", body: Any = None) -> dict[str, Any]:
        """The manifest of a whole export."""
        begun = client.begin(address, body)
        assert begun.status_code == 202, begun.text
        self.work()
        answer = client.get(begun.headers["content-location"])
        assert answer.status_code == 200, answer.text
        return {**answer.json(), "status": begun.headers["content-location"]}

    def caller(self, token: str) -> Caller | None:
        """Whose a token is."""
        return self.system.accounts.caller(token, "token", "test")


def lines(client: Client, manifest: dict[str, Any], section: str = "output") -> list[dict[str, Any]]:
    """Every resource of every file that the client gets now."""
    found = []
    for one in manifest[section]:
        answer = client.get(one["url"])
        assert answer.status_code == 200, answer.text
        found += [json.loads(line) for line in answer.text.splitlines()]
    return found


def ids(resources: Iterable[dict[str, Any]]) -> list[str]:
    """Type and id of each, in order of the text."""
    return sorted(f"{one['resourceType']}/{one['id']}" for one in resources)


def a_scene(database_url: str, home: Path) -> Scene:
    """A new university over the tests' database."""
    clock = FixedClock()
    system = start(settings_at(database_url, home=home), clock)
    return Scene(system, clock, f"Organization/univ-{uuid4().hex[:10]}", create_app(system))
