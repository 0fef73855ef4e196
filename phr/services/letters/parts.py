"""What letters are made of: drafts, batches as they are opened, and the two contexts that they are kept in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from phr.domain.access import Access
from phr.domain.documents import parse
from phr.domain.messages.letters import About
from phr.ids import new_id
from phr.store.tables import ContactAddress, Letter, LetterBatch, Person
from phr.store.uow import UnitOfWork

NONE: Final = "none"
"""The category of letters that speak of no data."""

Print = Callable[[Sequence[Mapping[str, Any]], datetime], bytes]
"""Letters and the moment that the file states -> PDF; equal letters give equal bytes."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A case that a letter could answer. why: what stands in the way, or ''."""

    item: UUID
    kind: str
    name: str
    kana: str
    district: str
    opened_at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Made:
    """A batch that was made: how many letters, and how many were left out, by reason."""

    batch: UUID
    letters: int
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Line:
    """One letter of a batch, for the index."""

    place: int
    number: str
    kind: str
    name: str
    address: str
    state: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A batch with its letters. missing: letters that may not be seen any more, because consent has ended."""

    batch: LetterBatch
    lines: Sequence[Line]
    missing: int


@dataclass(frozen=True, slots=True)
class Draft:
    """What becomes a letter."""

    person: Person
    kind: str
    source: str
    day: date
    about: About
    patient: Mapping[str, Any]


def register(access: Access) -> Access:
    """The same caller at the counter: identities, and letters that speak of no data."""
    return Access("system", access.actor, access.recipient, "register", access.request)


def patient(uow: UnitOfWork, person: Person) -> Mapping[str, Any]:
    """The person's Patient; empty where this context does not know it."""
    document = uow.documents.get("Patient", person.patient_id)
    return {} if document is None else parse(document.body.encode())


def category(letter: Letter) -> str:
    """The kind of data for the audit trail."""
    return "" if letter.category == NONE else letter.category


def ended(letter: Letter, now: datetime) -> ContactAddress:
    """The note that mail to the address of this letter comes back."""
    return ContactAddress(
        person_id=letter.person_id,
        address_id=new_id(),
        channel="post",
        sealed=b"",
        address_hash=letter.address_hash,
        state="ended",
        created_at=now,
        ended_at=now,
        ended_why="returned",
    )
