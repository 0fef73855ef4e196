"""One city for each module, because registering and signing in are the slow part."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from phr.asgi import create_app
from phr.bootstrap import start
from tests.build import agree, blood_pressure
from tests.conformance.smart.world import World
from tests.conftest import FixedClock, settings_at


@pytest.fixture(scope="module")
def world(database_url: str) -> Iterator[World]:
    """A system with a resident who has blood pressures and heart rates."""
    system = start(settings_at(database_url), FixedClock())
    yield a_world(system)
    system.close()


def a_world(system) -> World:
    """A city with one resident, over HTTP."""
    patient = f"p-{uuid4().hex[:12]}"
    resource = {"resourceType": "Patient", "id": patient, "gender": "female", "birthDate": "1960-05-05"}
    person = system.register.put(resource, actor="test", role="system", request="test")[0]
    system.accounts.put(
        patient,
        "resident",
        recipient=f"Patient/{patient}",
        display="佐藤 和子",
        person=person,
        request="test",
    )
    agree(system, person, patient)
    system.receive(person, [blood_pressure(system.clock.now(), 128, 82)], request="test")
    return World(system, create_app(system), person, patient)
