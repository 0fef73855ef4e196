"""What those who run the service see of the points ledger, and do about it."""

from __future__ import annotations

from typing import Protocol

from phr.web.ports.session import Session
from phr.web.views.ledger import LedgerPage


class LedgerPages(Protocol):
    """Budgets, letters, the comparison; never a person."""

    def ledger_page(self, session: Session) -> LedgerPage:
        """How things stand with the ledger."""
        ...

    def retry_points(self, session: Session) -> int:
        """Let every letter that was given up be tried again; says how many."""
        ...

    def send_points_again(self, session: Session, reference: str) -> None:
        """Let one letter be sent again by its reference. NotFound when there is none."""
        ...
