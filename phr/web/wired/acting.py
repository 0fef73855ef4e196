"""Acting for somebody: the session is switched only where there is a right to act now."""

from __future__ import annotations

from uuid import UUID

from phr.errors import NotFound
from phr.web.ports import Session
from phr.web.sessions import held
from phr.web.wired.parts import Area


class ActingArea(Area):
    """Switching, and switching back."""

    def act_for(self, session: Session, person: str) -> None:
        """Switch the session."""
        one = held(session)
        try:
            whom = UUID(person)
        except ValueError:
            raise NotFound("no such person") from None
        self._system.guardians.acting(one.own, whom, actor=one.subject, request=one.request)
        self._system.accounts.act(one.secret, whom, one.request)

    def act_for_oneself(self, session: Session) -> None:
        """Switch it back."""
        one = held(session)
        self._system.accounts.act(one.secret, None, one.request)
