"""A record opened without consent, for a vital interest."""

from __future__ import annotations

from typing import Protocol

from phr.web.ports.session import Session
from phr.web.views.break_glass import GlassForm, GlassView


class BreakGlassPages(Protocol):
    """A record opened without consent, for a vital interest."""

    def glass_form(self, session: Session) -> GlassForm:
        """The form, and the glasses that are open."""
        ...

    def break_glass(
        self, session: Session, patient: str, reason: str, note: str, proof: tuple[str, str]
    ) -> str:
        """Open; gives the id. Raises Invalid with the field, NotFound for nobody, Busy while locked."""
        ...

    def see_glass(self, session: Session, ident: str) -> GlassView:
        """What an open glass shows. NotFound when it is over."""
        ...

    def close_glass(self, session: Session, ident: str) -> None:
        """End it before its time."""
        ...
