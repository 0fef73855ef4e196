"""What switching to another person's record needs."""

from __future__ import annotations

from typing import Protocol

from phr.web.ports.session import Session


class ActingPages(Protocol):
    """Acting for somebody."""

    def act_for(self, session: Session, person: str) -> None:
        """Switch the session. NotFound where there is no right: no right and no such person look the same."""
        ...

    def act_for_oneself(self, session: Session) -> None:
        """Switch it back."""
        ...
