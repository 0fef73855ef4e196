"""What the counter does: finding somebody, a way to sign in, and who acts for whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from phr.web.ports.session import Session
from phr.web.views.counter import CounterPerson, CounterSearch


@dataclass(frozen=True, slots=True)
class NewRepresentative:
    """What a form of representation says. ``copy``: the hash of its scan; ``agreed``: what is agreed to for a child,
    who from fifteen on was asked too (``child_agrees``).
    """

    patient: str
    born: date
    kind: str
    proof: str
    copy: str
    until: date | None
    may_enter: bool
    may_points: bool
    agreed: Sequence[str]
    child_agrees: bool = False


class CounterPages(Protocol):
    """The counter. NotFound for a number that nobody has."""

    def counter_search(self, session: Session, name: str) -> CounterSearch:
        """People whose name or kana begins so."""
        ...

    def counter_person(self, session: Session, patient: str) -> CounterPerson:
        """One person."""
        ...

    def counter_link(self, session: Session, patient: str) -> CounterPerson:
        """The same with a new one-time link; makes the account when there is none."""
        ...

    def add_representative(self, session: Session, patient: str, new: NewRepresentative) -> None:
        """Record who acts for somebody. Invalid names the field."""
        ...

    def end_representative(self, session: Session, patient: str, ident: str) -> None:
        """End it now."""
        ...
