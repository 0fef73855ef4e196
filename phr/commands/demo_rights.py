"""The rights of the demo: what a withdrawal stopped, a request at the counter, and the figures of the city's plan."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final
from uuid import UUID

from phr.bootstrap import System
from phr.domain.access import Access, resident
from phr.services.rights.requests import Asked

_CLERK: Final = "clerk-1"


def withdrawn(system: System, patient: str, person: UUID) -> dict[str, Any]:
    """What the withdrawals of a resident stopped, by kind, and how many releases were called back."""
    access = resident(person, patient, "demo-effects").for_purpose("consent").about(person)
    effects, called_back = system.consents.effects(person, access)
    counted: Counter[str] = Counter()
    for one in effects:
        counted[one.kind] += one.count
    del counted["committed"]  # that it happened at all
    refused = counted.pop("denied", 0)
    return {
        "stopped": dict(sorted(counted.items())),
        "refused_when_tried": refused,
        "releases_called_back": len(called_back),
    }


def ask_at_the_counter(system: System, person: UUID) -> dict[str, Any]:
    """A resident asks at the counter for a correction: the clerk's account, the request, and its last day."""
    home = system.settings.recipient
    system.accounts.put(_CLERK, "registrar", recipient=home, display="窓口 一郎", request="demo")
    clerk = Access("registrar", _CLERK, home, "rights", "demo-rights")
    asked = Asked("correct", {"text": "体重の1回を直したい（紙で出しました）"})
    number = system.rights_requests.ask(person, asked, clerk)
    standing = system.rights_requests.one(number, clerk)
    return {"kind": standing.row.kind, "state": standing.row.state, "due": standing.due.isoformat()}


def measure(system: System) -> int:
    """Today's figures of the plan, so that the operator's first page is not empty; tells how many."""
    return system.measure(request="demo-measure")
