"""The service over HTTP in this process, with bearer tokens of several callers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.operationoutcome import OperationOutcome

from phr.asgi import create_app
from phr.bootstrap import System, start
from tests.build import agree, blood_pressure, heart_rates
from tests.calling import Calling
from tests.conftest import settings_at


class Client(Calling):
    """Calls the app with one bearer token."""

    def get(self, address: str, **more: Any) -> httpx.Response:
        return self("GET", address, **more)

    def post(self, address: str, **more: Any) -> httpx.Response:
        return self("POST", address, **more)

    def put(self, address: str, **more: Any) -> httpx.Response:
        return self("PUT", address, **more)


Enter = Callable[..., Client]
TEN = datetime(2026, 3, 3, 1, tzinfo=UTC)  # ten o'clock in the city
BEATS = [60.0 + n for n in range(12)]


@pytest.fixture
def app(system: System) -> FastAPI:
    return create_app(system)


@pytest.fixture
def stranger(app: FastAPI) -> Client:
    """Somebody without a token."""
    return Client(app)


@pytest.fixture
def enter(app: FastAPI, system: System) -> Enter:
    """A client with a token of a role, for a purpose."""

    def made(
        subject: str, role: str, purpose: str, person: UUID | None = None, recipient: str = ""
    ) -> Client:
        own = f"Patient/{subject}" if role == "resident" else system.settings.recipient
        system.accounts.put(subject, role, recipient=recipient or own, person=person, request="test")
        return Client(app, system.accounts.issue(subject, "token", purpose=purpose, request="test"))

    return made


@pytest.fixture(scope="module")
def there(database_url: str) -> Iterator[Any]:
    """Everybody at a desk of a module's own, in one system."""
    from tests.phr.api.fhir_desk import desk

    made = start(settings_at(database_url))
    yield desk(made, create_app(made))
    made.close()


@pytest.fixture
def record(system, person, patient) -> str:
    """A person with twelve heart rates of one day and two blood pressures of the next, shared with nobody yet."""
    agree(system, person, patient, purposes=("collect",))
    series = [
        heart_rates(TEN, BEATS),
        blood_pressure(TEN + timedelta(days=1), 121, 81),
        blood_pressure(TEN + timedelta(days=1, hours=2), 135, 88),
    ]
    assert system.receive(person, series, request="test").stored == 14
    return patient


@pytest.fixture
def resident(enter, record, person):
    return enter(record, "resident", "self", person)


@pytest.fixture
def nurse(enter):
    return enter("nurse-api", "nurse", "guidance")


def found(answer) -> list[dict[str, Any]]:
    """The resources of a page, which must be a valid Bundle."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/fhir+json")
    body = answer.json()
    Bundle.model_validate(body)
    assert body.get("entry") != [], "FHIR JSON has no empty arrays"
    return [entry["resource"] for entry in body.get("entry", [])]


def refused(answer, status: int, mention: str = "") -> str:
    """The text of an OperationOutcome with this status."""
    assert answer.status_code == status, answer.text
    OperationOutcome.model_validate(answer.json())
    text = answer.json()["issue"][0]["diagnostics"]
    assert mention in text, text
    return text


def link(answer, relation: str) -> str | None:
    links = {one["relation"]: one["url"] for one in answer.json()["link"]}
    return links.get(relation)
