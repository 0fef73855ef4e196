"""Who may write what: staff the directory, nurses what is guidance, whoever collects what is about a person."""

from __future__ import annotations

from typing import Final

from phr.domain.fhir.types import DIRECTORY, STAFF, Kind

GUIDING: Final = frozenset({"Flag", "Task", "CarePlan", "RiskAssessment"})
"""What nurses and the service say of a person; the person reads it, and answers in other types."""
_WRITERS: Final = frozenset(
    {("resident", "self"), ("resident", "collect"), ("nurse", "guidance"), ("nurse", "collect")}
)


def may_write(kind: Kind, role: str, purpose: str, category: str) -> bool:
    """Whether a role may write such a resource for a purpose; whose consent it needs is asked by the database."""
    if category == DIRECTORY:
        return role in STAFF
    if (role, purpose) not in _WRITERS:
        return False
    return role != "resident" or kind.name not in GUIDING


def writing_purpose(kind: str, role: str, purpose: str) -> str:
    """The purpose for which it is written: what a person sends and what was measured is collected."""
    return "collect" if role == "resident" or kind == "Observation" else purpose
