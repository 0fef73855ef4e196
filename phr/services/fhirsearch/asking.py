"""Who searches and what they reach, and what a search gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID

from phr.domain.access import Access
from phr.domain.query import Cursor, ObservationQuery
from phr.store.uow import UnitOfWork

MOST_PEOPLE: Final = 1000  # whose records one search may go through; more is for the export
MOST_HITS: Final = 10_000  # that are put in another order than that of time, or lead from one type to another
MOST_INCLUDED: Final = 1000


@dataclass(frozen=True, slots=True)
class Asker:
    """Who searches.

    access: their access about one person, or about no one in particular; require: refuses types that their scopes do
    not hold; admits: whether their scopes admit a resource, None where they admit all; own: a resident's person and
    Patient id, whom alone they reach.
    """

    access: Callable[[UUID | None], Access]
    require: Callable[[str], None]
    admits: Callable[[str, Mapping[str, Any]], bool] | None = None
    own: tuple[UUID, str] | None = None


class Hit(Protocol):
    """One resource that was found."""

    @property
    def kind(self) -> str:
        """Its type."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def person(self) -> UUID:
        """Whose it is."""

    @property
    def category(self) -> str:
        """The category of its data, as consents name it."""

    @property
    def body(self) -> bytes:
        """Its JSON."""

    @property
    def start_us(self) -> int:
        """Where it stands in the order of time; 0 where that is no matter."""


class Held(NamedTuple):
    """One that is held as a document."""

    kind: str
    id: str
    person: UUID
    category: str
    body: bytes
    start_us: int = 0


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: the id of its last resource, with its time, or with its place where that orders nothing."""

    id: str
    start_us: int = 0
    place: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """A page. more: where the next one begins; total: of all pages, None unknown; cut: whether includes were too many."""

    found: Sequence[Hit]
    included: Sequence[Hit] = ()
    more: Position | None = None
    total: int | None = None
    cut: bool = False


class OfObservations(Protocol):
    """The reader of Observations."""

    def search(
        self, query: ObservationQuery, people: Mapping[UUID, str], access: Access, *, named: bool = True
    ) -> Any:
        """A page with ``found`` and ``more``."""

    def total(
        self, query: ObservationQuery, people: Mapping[UUID, str], access: Access, *, named: bool = True
    ) -> int:
        """How many match."""

    def holders(self, query: ObservationQuery, people: Mapping[UUID, str], access: Access) -> set[UUID]:
        """Of whom any matches."""

    def latest(
        self, query: ObservationQuery, people: Mapping[UUID, str], access: Access, most: int
    ) -> Sequence[Any]:
        """The newest of each code."""

    def find(self, uow: UnitOfWork, identity: str) -> Any:
        """One Observation, or None."""


@dataclass(frozen=True, slots=True)
class People:
    """Whose records are searched, with the ids of their Patients; named: whether the caller named them."""

    known: Mapping[UUID, str]
    named: bool


def cursor_of(at: Position | None) -> Cursor | None:
    """A position in the order of time."""
    return None if at is None else Cursor(at.start_us, at.id)
