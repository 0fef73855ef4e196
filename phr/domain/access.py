"""Access: who asks, for whom, why, and about whom; nothing in the store opens without one."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from phr.errors import Invalid, NotFound

ROLES: Final = frozenset(
    {"resident", "nurse", "registrar", "researcher", "operator", "gateway", "system", "anonymous"}
)
CONSENT_PURPOSES: Final = frozenset(
    {
        "self",
        "guidance",
        "risk",
        "points",
        "insurer",
        "family",
        "research-deidentified",
        "research-identifiable",
        "collect",
    }
)
INTERNAL_PURPOSES: Final = frozenset(
    {
        "register",
        "consent",
        "deliver",
        "audit",
        "operate",
        "session",
        "erase",
        "sync",
        "rights",
        "forget",
        "break-glass",
        "emergency",
    }
)
_SEPARATOR: Final = "\x1f"
_CONTROL: Final = re.compile(r"[\x00-\x1f]")
MAY: Final = {
    "resident": frozenset({"self", "collect"}),
    "nurse": frozenset({"guidance", "risk", "collect", "points"}),
    "registrar": frozenset({"register", "consent", "rights"}),
    "researcher": frozenset({"research-deidentified", "research-identifiable"}),
    "operator": frozenset({"operate", "audit", "rights"}),
    "gateway": frozenset({"collect"}),
}
"""The purposes that a signed-in role may act for."""
HOME: Final = {
    "resident": "self",
    "nurse": "guidance",
    "registrar": "register",
    "researcher": "research-deidentified",
    "operator": "operate",
}
"""The purpose of each role's pages."""


@dataclass(frozen=True, slots=True)
class Access:
    """One caller's reason to open the store.

    role: what kind of caller; actor: the account or system part that acts (an id, never a name);
    recipient: the organisation that receives the data, as consents name it; purpose: a purpose of consent,
    or one of the service's internal ones; person: whom it is about, when it is about one person;
    request: the id that ties audit rows to one request.
    """

    role: str
    actor: str
    recipient: str
    purpose: str
    request: str
    person: UUID | None = None

    def __post_init__(self) -> None:
        """Refuses unknown roles and purposes, and text that could break the seal's fields."""
        if self.role not in ROLES:
            raise Invalid("unknown role", field="role")
        if self.purpose not in CONSENT_PURPOSES | INTERNAL_PURPOSES:
            raise Invalid("unknown purpose", field="purpose")
        for name in ("actor", "recipient", "request"):
            text = getattr(self, name)
            if len(text) > 200 or _CONTROL.search(text):
                raise Invalid("too long, or holds a control character", field=name)

    def about(self, person: UUID) -> Access:
        """The same caller and reason, about another person. A resident's own reason opens the own record only: NotFound.

        The seal takes a resident's word for whose record it is, so this is where a person named in a request ends.
        """
        if self.role == "resident" and self.purpose == "self" and person != self.person:
            raise NotFound("no such person")
        return replace(self, person=person)

    def for_purpose(self, purpose: str) -> Access:
        """The same caller, for another purpose."""
        return replace(self, purpose=purpose)

    def payload(self, backend: int, started: int, expires: int) -> str:
        """The text that is sealed: bound to one backend process and one transaction, with an end."""
        person = "" if self.person is None else str(self.person)
        fields = (
            "1",
            str(backend),
            str(started),
            self.role,
            self.actor,
            self.recipient,
            self.purpose,
            person,
        )
        return _SEPARATOR.join((*fields, self.request, str(expires)))


def resident(person: UUID, actor: str, request: str) -> Access:
    """A person who reads their own record."""
    return Access("resident", actor, f"Patient/{person}", "self", request, person)


def machine(
    recipient: str, purpose: str, request: str, person: UUID | None = None, part: str = "service"
) -> Access:
    """The service itself, acting for the city."""
    return Access("system", part, recipient, purpose, request, person)
