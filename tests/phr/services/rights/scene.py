"""A person with something in the record, and the contexts in which requests are made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import numpy as np

from ingest.series import MANUAL, Series, Source
from phr.bootstrap import System
from phr.domain.access import Access, resident
from tests.build import CITY, agree, blood_pressure, heart_rates

TYPED = Source("manual|morning", "手で入力", "PHR", "", "manual")
ALL = ("collect", "guidance", "risk", "points")


def somebody(system: System, **more: Any) -> tuple[UUID, str]:
    """A registered person who agreed to everything, with readings of yesterday."""
    patient = f"p-{uuid4().hex[:12]}"
    resource = {
        "resourceType": "Patient",
        "id": patient,
        "gender": "female",
        "birthDate": "1960-05-05",
        "name": [{"text": "常盤 花子"}],
        **more,
    }
    person = system.register.put(resource, actor="test", role="system", request="test")[0]
    # From before both clocks: that of the test, which stands still, and that of the database.
    long_ago = min(system.clock.now(), datetime.now(UTC)) - timedelta(minutes=1)
    agree(system, person, patient, purposes=ALL, date_time=long_ago)
    at = yesterday()
    system.receive(
        person, [heart_rates(at, [61.0, 62.0, 63.0]), blood_pressure(at, 128, 80), typed(at)], request="test"
    )
    return person, patient


_YESTERDAY = datetime.now(UTC).replace(hour=3, minute=0, second=0, microsecond=0) - timedelta(days=1)


def yesterday() -> datetime:
    """Yesterday at noon in the city's zone; the same moment to the end, also where a day ends meanwhile."""
    return _YESTERDAY


def typed(at: datetime, systolic: float = 182.0, diastolic: float = 80.0) -> Series:
    """A blood pressure that the person typed."""
    return Series(
        "85354-9",
        TYPED,
        np.array([int(at.timestamp()) * 1_000_000], np.int64),
        {
            "systolic": np.array([systolic]),
            "diastolic": np.array([diastolic]),
            "pulse": np.array([np.nan]),
        },
        np.array([32400], np.int32),
        np.array([MANUAL], np.uint8),
    )


def own(person: UUID, patient: str) -> Access:
    """The person, at their own record."""
    return resident(person, patient, "test")


def counter(actor: str = "registrar-1") -> Access:
    """Somebody of the staff who handles requests."""
    return Access("registrar", actor, CITY, "rights", "test")
