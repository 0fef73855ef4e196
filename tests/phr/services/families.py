"""A family for tests: a mother, her child, what she agreed to for it, and the counter that recorded it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from phr.bootstrap import System
from phr.domain.family.guardianship import Asked
from phr.services.family.guardians import Acting, Clerk
from tests.build import agree

PROOF = "ab" * 32
CLERK = Clerk("clerk-1", "test")


@dataclass
class AFamily:
    """A guardian, a child, and the row that joins them."""

    system: System
    mother: UUID
    mother_patient: str
    child: UUID
    child_patient: str
    row: Any

    def acting(self) -> Acting:
        """The mother's right to act now."""
        return self.system.guardians.acting(
            self.mother, self.child, actor=self.mother_patient, request="test"
        )


def a_patient(system: System, born: date, sex: str = "female") -> tuple[UUID, str]:
    """A registered person: person and Patient id."""
    patient = f"p-{uuid4().hex[:12]}"
    resource = {
        "resourceType": "Patient",
        "id": patient,
        "gender": sex,
        "birthDate": born.isoformat(),
        "name": [{"text": f"名前 {patient[-4:]}"}],
    }
    return system.register.put(resource, actor="test", role="system", request="test")[0], patient


def born_ago(system: System, years: int, days: int = 0) -> date:
    """A birth date so long ago."""
    today = system.clock.now().astimezone(system.settings.tz).date()
    try:
        born = today.replace(year=today.year - years)
    except ValueError:  # 29 February
        born = today.replace(year=today.year - years, day=28)
    return born - timedelta(days=days)


def a_family(
    system: System, years: int = 1, *, agreed: tuple[str, ...] = ("collect", "guidance"), **how: Any
) -> AFamily:
    """A mother of 35 and her child; the city may collect and guide for the child, and for her where asked."""
    # A consent counts from its own moment, and the database compares it with its own clock.
    system.clock.tick(timedelta(seconds=-30))
    mother, patient = a_patient(system, born_ago(system, 35))
    child, child_patient = a_patient(system, born_ago(system, years), how.pop("sex", "male"))
    asked = how.pop("asked", Asked("parent", "family-register", PROOF))
    row = system.guardians.record(child, mother, asked, CLERK, **how)
    for purpose in agreed:
        system.guardians.agree_for(child, purpose, row, CLERK, child_agrees=years >= 15)
    if agreed:
        moment = system.clock.now() - timedelta(minutes=1)
        agree(system, mother, patient, purposes=agreed, date_time=moment)
    system.clock.tick(timedelta(seconds=30))
    return AFamily(system, mother, patient, child, child_patient, row)
