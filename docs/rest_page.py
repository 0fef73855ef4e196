"""The table of FHIR types in the reference, from the table that the service itself reads."""

from __future__ import annotations

from typing import Final

from phr.domain.fhir.rules import GUIDING
from phr.domain.fhir.types import Kind, kinds

_WORDS: Final = {
    "by-code": "that of its code, else the person's alone",
    "by-target": "that of what it is about, else the person's alone",
    "unclassified": "the person's alone",
    "directory": "directory",
    "identity": "whoever may know the person",
    "consent": "the person and the counter",
    "audit": "the person and the review",
    "subscription": "whoever made it",
}
_WRITERS: Final = {
    "register": "the register",
    "consents": "the person, guardians, the counter",
    "trail": "nobody",
    "groups": "researchers and registered programs",
    "subscriptions": "whoever may read what it tells of",
}


def fhir_types() -> str:
    """One row for each type: whose it is, under which consent, who writes it, what is served."""
    rows = ["| type | about | consent | written by | served |", "|---|---|---|---|---|"]
    for name, kind in sorted(kinds().items()):
        about = ", ".join(f"`{one}`" for one in kind.person) or "-"
        served = ", ".join(kind.interactions) if kind.interactions else "-"
        rows.append(f"| {name} | {about} | {_consent(kind)} | {_writers(kind)} | {served} |")
    return "\n".join(rows) + "\n"


def _consent(kind: Kind) -> str:
    words = _WORDS.get(kind.category, f"`{kind.category}`")
    return f"{words}; without a person: directory" if kind.directory and kind.person else words


def _writers(kind: Kind) -> str:
    if kind.served != "documents":
        return _WRITERS[kind.served]
    if "create" not in kind.interactions:
        return "the service"
    if kind.category == "directory":
        return "staff"
    return "nurses" if kind.name in GUIDING else "the person, nurses, who collects"
