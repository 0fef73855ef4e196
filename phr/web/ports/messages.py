"""Messages, reminders and letters, as residents and staff see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from phr.web.ports.session import Session
from phr.web.views.messages import Batch, Letters, Messages, Stop


class MessagePages(Protocol):
    """Messages, reminders and letters, as residents and staff see them."""

    def messages(self, session: Session, notice: str) -> Messages:
        """The own inbox, which is read by that, and its settings."""
        ...

    def choose_messages(self, session: Session, kind: str, *, wanted: bool, channels: Sequence[str]) -> None:
        """What comes from now on. Invalid for an unknown kind, or one that cannot be ended."""
        ...

    def add_email(self, session: Session, address: str) -> None:
        """Keep an address and send its code. Invalid, Refused, Busy."""
        ...

    def add_line(self, session: Session) -> None:
        """Show a word to send to the city's LINE account. Refused."""
        ...

    def add_push(self, session: Session, subscription: str) -> None:
        """Keep this browser. Invalid, Refused."""
        ...

    def prove_email(self, session: Session, address: str, code: str) -> bool:
        """Whether the code was right. NotFound when it is too late."""
        ...

    def end_address(self, session: Session, address: str) -> None:
        """Nothing more goes there. NotFound."""
        ...

    def enter_number(self, session: Session, number: str) -> None:
        """Register with the number of a postcard. Invalid, Refused."""
        ...

    def note_screening(self, session: Session, screening: str, day: date) -> None:
        """Say that a screening is done. Invalid."""
        ...

    def stop_page(self, token: str, *, stop: bool) -> Stop:
        """What a link ends; with ``stop`` it ends it. Needs nobody to be signed in."""
        ...

    def line_notice(self, body: bytes, signature: str) -> None:
        """What people did to the city's LINE account. NotAllowed without its signature, Invalid when unreadable."""
        ...

    def letters(self, session: Session, notice: str) -> Letters:
        """What can be written, and what was."""
        ...

    def make_letters(self, session: Session, cases: Sequence[str]) -> tuple[str, dict[str, int]]:
        """A batch for these cases, and how many were left out by reason. Invalid, Refused."""
        ...

    def make_paper(self, session: Session) -> str:
        """A batch for the messages that wait for paper. Refused when none waits."""
        ...

    def letter_batch(self, session: Session, batch: str, notice: str) -> Batch:
        """One batch. NotFound."""
        ...

    def letter_pdf(self, session: Session, batch: str) -> bytes:
        """The batch as it is printed. NotFound, Refused."""
        ...

    def letters_posted(self, session: Session, batch: str) -> None:
        """The batch went to the post. NotFound."""
        ...

    def letter_returned(self, session: Session, number: str) -> None:
        """A letter came back. Invalid, NotFound."""
        ...

    def postcards(self, session: Session, count: int, days: int) -> bytes:
        """Postcards with new numbers; the numbers are in this file and nowhere else. Invalid."""
        ...

    def enter_number_for(self, session: Session, resident: str, number: str) -> None:
        """The counter enters a number for somebody. Invalid, Refused, NotFound."""
        ...
