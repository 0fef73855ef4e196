"""What the pages of rights need: for residents, for those who answer requests, for operators, and for everybody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Protocol

from phr.web.ports.session import Session
from phr.web.views.documents import (
    Correct,
    DeleteAccount,
    Documents,
    Incidents,
    Privacy,
    Provisions,
    RightsWork,
)


class DocumentPages(Protocol):
    """A resident's own documents and rights."""

    def documents(self, session: Session, notice: str) -> Documents:
        """Copies, requests, and whether use is stopped."""
        ...

    def take_everything(self, session: Session) -> None:
        """Asks for a copy."""
        ...

    def copy_file(self, session: Session, ident: str, key: str) -> tuple[str, Iterator[bytes]]:
        """Name and bytes of a copy. NotFound unless it is ready, theirs, and the link is of this session."""
        ...

    def remove_copy(self, session: Session, ident: str) -> None:
        """Deletes a copy."""
        ...

    def correct_page(self, session: Session, day: date | None, ident: str) -> Correct:
        """The values of a day."""
        ...

    def correct(self, session: Session, ident: str, typed: Mapping[str, str], reason: str) -> str:
        """Corrects a typed value, or asks for it: "corrected" or "asked". Invalid names the field."""
        ...

    def ask_right(self, session: Session, kind: str, text: str) -> None:
        """Sends a request to the city."""
        ...

    def stop_use(self, session: Session) -> None:
        """Stops all use."""
        ...

    def go_on(self, session: Session) -> None:
        """Takes the stop back."""
        ...

    def delete_page(self, session: Session) -> DeleteAccount:
        """What goes and what stays."""
        ...

    def delete_account(self, session: Session, *, at_once: bool) -> None:
        """Begins the deletion. NotAllowed when the sign-in is not young enough."""
        ...

    def cancel_request(self, session: Session, ident: str) -> None:
        """Takes a request back."""
        ...


class RightsStaffPages(Protocol):
    """Those who answer requests, and the operators."""

    def rights_work(self, session: Session, notice: str) -> RightsWork:
        """What must be answered."""
        ...

    def rights_ask(
        self, session: Session, number: str, kind: str, text: str, *, as_whom: str, proof: str, proof_day: str
    ) -> None:
        """Records a request that came to the counter."""
        ...

    def rights_step(self, session: Session, ident: str, step: str, text: str, until: str) -> None:
        """Takes, extends or decides."""
        ...

    def incidents_page(self, session: Session, notice: str) -> Incidents:
        """The register."""
        ...

    def incident_record(self, session: Session, form: Mapping[str, str], known: datetime) -> None:
        """Writes an incident down."""
        ...

    def incident_step(self, session: Session, ident: str, step: str) -> None:
        """Notes a report, tells the people, or closes."""
        ...

    def incident_people(self, session: Session, ident: str, reader: str, since: date, until: date) -> int:
        """Finds whose data an account reached."""
        ...

    def incident_report(self, session: Session, ident: str) -> str:
        """The draft for the authority."""
        ...

    def provisions_page(self, session: Session) -> Provisions:
        """The log of provisions."""
        ...

    def privacy(self) -> Privacy:
        """The public page."""
        ...
