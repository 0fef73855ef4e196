"""Two people who share with a recipient of their own, all or blood pressures alone: for tests of search."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

from phr.asgi import create_app
from phr.bootstrap import start
from tests.build import agree, blood_pressure, heart_rates
from tests.conftest import settings_at
from tests.phr.api.conftest import Client
from tests.phr.api.fhir_desk import client

TEN = datetime(2026, 3, 3, 1, tzinfo=UTC)  # ten o'clock in the city
PULSES = [60.0, 70.0, 80.0, 90.0, 100.0]


@contextmanager
def scene(database_url: str) -> Iterator[SimpleNamespace]:
    """Both, each with a client of their own, and a nurse of the recipient."""
    nurse = f"nurse-{uuid4().hex[:8]}"
    recipient = f"Organization/search-{uuid4().hex[:8]}"
    system = start(settings_at(database_url))
    app = create_app(system)
    made = SimpleNamespace(system=system, app=app, recipient=recipient)
    for name, categories in (("open", None), ("half", ("blood-pressure",))):
        patient = f"p-{uuid4().hex[:12]}"
        resource = {
            "resourceType": "Patient", "id": patient, "gender": "female", "birthDate": "1960-05-05",
            "name": [{"family": f"{name}family", "given": ["Hana"]}],
        }  # fmt: skip
        person = system.register.put(resource, actor="t", role="system", request="t")[0]
        agree(system, person, patient, purposes=("collect",))
        consent = agree(
            system, person, patient, purposes=("guidance",), recipients=(recipient,), categories=categories
        )
        series = [heart_rates(TEN, PULSES), blood_pressure(TEN + timedelta(days=1), 121, 81)]
        assert system.receive(person, series, request="t").stored == 6
        who = client(system, app, patient, "resident", "self", person)
        setattr(made, name, SimpleNamespace(patient=patient, person=person, consent=consent, client=who))
    system.accounts.put(nurse, "nurse", recipient=recipient, request="t")
    made.nurse = Client(app, system.accounts.issue(nurse, "token", purpose="guidance", request="t"))
    yield made
    system.close()


def entries(answer, mode="match") -> list[str]:
    """Ids of a page's entries with a mode."""
    assert answer.status_code == 200, answer.text
    return [one["resource"]["id"] for one in answer.json().get("entry", []) if one["search"]["mode"] == mode]
