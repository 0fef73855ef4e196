"""The families of the demo: invented children under residents of the city, through the same doors as real ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from phr.bootstrap import System
from phr.domain.days import day_at
from phr.domain.family.brushing import RULES
from phr.domain.family.guardianship import Asked
from phr.services.family import Clerk
from phr.services.family.children import Facts

_CLERK: Final = Clerk("demo", "demo-family")


def furnish(system: System, guardians: Mapping[str, UUID], invented: Iterable[Any]) -> int:
    """Gives each of these residents one invented child with its record; tells how many there are."""
    given = list(zip(invented, guardians.items(), strict=False))
    for child, (patient, guardian) in given:
        _one(system, child, guardian, patient)
    return len(given)


def _one(system: System, child: Any, guardian: UUID, patient: str) -> None:
    person, _version = system.register.put(
        child.patient(), actor="demo", role="system", request=_CLERK.request
    )
    proof = sha256(child.id.encode()).hexdigest()
    row = system.guardians.record(person, guardian, Asked("parent", "family-register", proof), _CLERK)
    for purpose in ("collect", "guidance", "points"):
        system.guardians.agree_for(person, purpose, row, _CLERK)
    system.guardians.join_class(person, child.school_class, row, _CLERK)
    acting = system.guardians.acting(guardian, person, actor=patient, request=_CLERK.request)
    for day, weight, height in child.measures:
        system.children.add_measures(acting, day, {"weight": weight, "height": height})
    for vaccine, day in child.shots:
        system.children.add_vaccination(acting, vaccine, day)
    system.children.put_facts(acting, Facts(child.weeks, {}))
    today = day_at(system.clock.now(), system.settings.tz)
    for day, morning, evening in child.brushed:
        for time, done in (("morning", morning), ("evening", evening)):
            if done and (today - day).days <= RULES.back_days:
                system.brushing.brush(
                    person, day, time, actor=patient, request=_CLERK.request, way="guardian"
                )
