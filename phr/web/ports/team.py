"""What nurses do beside the list, and what residents say about values in doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from phr.web.ports.session import Session
from phr.web.views.team import Doubts, Search, Statistics, Team


@dataclass(frozen=True, slots=True)
class Away:
    """Who stands in for whom, from one day to another; no days end it."""

    nurse: str
    substitute: str
    span: tuple[date, date] | None


class TeamPages(Protocol):
    """Plans, hand-over, search, numbers and values in doubt. Every look at a person is audited."""

    def team(self, session: Session) -> Team:
        """The nurses of the organisation with their plans."""
        ...

    def set_capacity(self, session: Session, nurse: str, capacity: int) -> None:
        """Set how many cases a nurse follows. Refused unless the caller leads."""
        ...

    def set_away(self, session: Session, away: Away) -> None:
        """Plan a substitution. Refused for others unless the caller leads."""
        ...

    def hand_over(self, session: Session, nurse: str, colleague: str) -> int:
        """Hand all open cases of a nurse to a colleague; gives how many."""
        ...

    def search(self, session: Session, name: str, born: str, address: str) -> Search:
        """People by kana, birth date or address. Invalid names the field."""
        ...

    def statistics(self, session: Session, first: date | None, last: date | None) -> Statistics:
        """Numbers of a time; of the fiscal year so far when no day is given."""
        ...

    def own_list(self, session: Session) -> Sequence[Sequence[object]]:
        """The caller's own open cases as rows of a table, the first one the header."""
        ...

    def doubts_of(self, session: Session, case: str) -> Doubts:
        """The values in doubt of the person of a case."""
        ...

    def my_doubts(self, session: Session) -> Doubts:
        """The resident's own values in doubt."""
        ...

    def say(self, session: Session, case: str, ident: str, reason: str) -> None:
        """Confirm a value in doubt, or with a reason set it aside; the case is empty for the resident's own."""
        ...

    def discard(self, session: Session, case: str, ident: str, note: str) -> None:
        """Discard a value in quarantine."""
        ...

    def judge_again(self, session: Session, case: str, ident: str, note: str) -> bool:
        """Send a value in quarantine through the door again; tells whether it was taken."""
        ...
