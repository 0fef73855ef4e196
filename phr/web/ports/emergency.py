"""The emergency card of a resident."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from phr.web.ports.session import Session
from phr.web.views.emergency import EmergencyCard


class EmergencyPages(Protocol):
    """The emergency card of a resident."""

    def emergency_card(self, session: Session) -> EmergencyCard:
        """The own card."""
        ...

    def keep_emergency_card(self, session: Session, typed: Mapping[str, str]) -> None:
        """Keep the card. Invalid names the field, ``consent`` among them."""
        ...

    def emergency_card_pdf(self, session: Session, paper: str) -> bytes:
        """The card to print, on paper of this size: ``a6`` or ``a4``."""
        ...
