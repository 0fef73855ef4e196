"""What a resident does with points that were earned, and what the counter does for those who come there."""

from __future__ import annotations

from typing import Protocol

from phr.web.ports.session import Session
from phr.web.views.rewards import CounterExchange, ExchangePage, GivePage, StatementPage, TogetherPage


class RewardPages(Protocol):
    """Points that are used. Invalid names the field; Conflict: one is open already; Refused: not now; Busy: no ledger."""

    def exchange_page(self, session: Session) -> ExchangePage:
        """What can be exchanged, and what is under way."""
        ...

    def exchange(self, session: Session, amount: int) -> None:
        """Ask for an exchange."""
        ...

    def cancel_exchange(self, session: Session) -> None:
        """Take it back while the platform was not told."""
        ...

    def give_page(self, session: Session) -> GivePage:
        """To whom points can be given, and how many."""
        ...

    def give(self, session: Session, to: str, amount: int) -> None:
        """Give points."""
        ...

    def statement_page(self, session: Session, year: int | None) -> StatementPage:
        """A fiscal year; the present one where none is named."""
        ...

    def statement_pdf(self, session: Session, year: int | None) -> bytes:
        """The same on paper."""
        ...

    def together_page(self, session: Session) -> TogetherPage:
        """Goal, streak and groups."""
        ...

    def choose_goal(self, session: Session, goal: int | None) -> None:
        """Take a goal, or none."""
        ...

    def wish_goal(self, session: Session) -> None:
        """Want goals again."""
        ...

    def join_group(self, session: Session, team: str, *, district: bool) -> None:
        """Join a team by its code, or the own district."""
        ...

    def leave_group(self, session: Session, group: str) -> None:
        """Leave at once."""
        ...

    def counter_exchanges(self, session: Session) -> CounterExchange:
        """What waits for an answer."""
        ...

    def counter_exchange(self, session: Session, patient: str) -> CounterExchange:
        """One person at the counter."""
        ...

    def note_wallet(self, session: Session, patient: str, number: str, proof: str) -> None:
        """Note the person's wallet."""
        ...

    def end_wallet(self, session: Session, patient: str) -> None:
        """Forget it, so that another can be noted."""
        ...

    def counter_ask(self, session: Session, patient: str, to: str, amount: int) -> None:
        """What was written on paper: an exchange, or a gift where ``to`` names somebody."""
        ...

    def counter_answer(self, session: Session, move: str, event: str) -> str:
        """Paid or refused at the counter; gives what became of it."""
        ...
