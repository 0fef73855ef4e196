"""A resident whose record must survive whatever is sent, and a digest that says whether it did."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

import psycopg
import pytest

from phr.bootstrap import System
from tests.build import agree, blood_pressure, heart_rates
from tests.phr.api.conftest import Client, app, enter, stranger

__all__ = ["app", "enter", "stranger"]
KEPT = {
    "vital_chunk": "code, day, source_id, version, payload",
    "vital_day": "code, day, source_id, channel, n, minimum, maximum, total",
    "resource": "type, id, version, body",
    "resource_history": "type, id, version, body",
    "consent_grant": "consent_id, version, line, effect, recipient, purpose, category, data_from, data_to",
}


@pytest.fixture
def record(system: System, person: UUID, patient: str) -> str:
    """A person with heart rates, a blood pressure, consents and a Patient."""
    agree(system, person, patient)
    start = datetime(2026, 3, 3, 1, tzinfo=UTC)
    series = [heart_rates(start, [60.0, 61.0, 62.0]), blood_pressure(start, 121, 81)]
    assert system.receive(person, series, request="test").stored == 4
    return patient


@pytest.fixture
def digest(admin: psycopg.Connection, record: str, person: UUID) -> Callable[[], str]:
    """What is kept of the person, as one number."""

    def now() -> str:
        found = sha256()
        for table, columns in KEPT.items():
            rows = admin.execute(
                f"SELECT {columns} FROM phr.{table} WHERE person_id = %s", (person,)
            ).fetchall()
            assert rows, table
            found.update("\n".join(sorted(map(repr, rows))).encode())
        return found.hexdigest()

    return now


@pytest.fixture
def resident(enter: Callable[..., Client], record: str, person: UUID) -> Client:
    return enter(record, "resident", "self", person)
