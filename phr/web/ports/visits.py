"""Home visits of a nurse, also without network."""

from __future__ import annotations

from typing import Protocol

from phr.web.ports.session import Session
from phr.web.views.visits import Entered, Visit


class VisitPages(Protocol):
    """Home visits of a nurse, also without network."""

    def visit(self, session: Session, case: str) -> Visit:
        """The least that a visit needs of a case."""
        ...

    def enter_visit(self, session: Session, case: str, body: bytes) -> Entered:
        """Take what was written down on a visit; every refusal is an answer, none is an error."""
        ...
