"""One's own account: where it is signed in, and how it proves itself."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from phr.domain.signin import STAFF
from phr.errors import NotFound
from phr.web.ports import Session
from phr.web.sessions import WebSession, held, own_device
from phr.web.views.account import AccountPage, Offer, PasskeyLine, SessionLine
from phr.web.wired.parts import Area, together
from phr.web.wired.signin import offered


class AccountArea(Area):
    """Sessions and factors of who is signed in."""

    @together
    def account(self, session: Session, notice: str) -> AccountPage:
        """Sessions and factors."""
        one = held(session)
        has = self._system.factors.held(one.caller.account, one.request)
        lines = self._system.accounts.live(one.caller.account, one.secret, one.request)
        return AccountPage(
            sessions=tuple(
                SessionLine(
                    str(line.session),
                    line.where.device,
                    line.where.way,
                    line.where.shared,
                    line.started,
                    line.seen,
                    line.here,
                )
                for line in lines
            ),
            passkeys=tuple(
                PasskeyLine(str(key), label, made, used) for key, label, made, used in has.passkeys
            ),
            passphrase=has.passphrase,
            totp=has.totp,
            codes_left=has.codes,
            passkeys_offered=self._system.passkeys.offered and not one.shared,
            shared=one.shared,
            staff=one.caller.role in STAFF,
            notice=notice,
        )

    def end_session(self, session: Session, ident: str) -> None:
        """End one of the own sessions."""
        one = held(session)
        self._system.accounts.end_one(one.caller.account, _id(ident), one.request)

    def set_passphrase(self, session: Session, text: str, current: str) -> None:
        """Set or change the passphrase."""
        caller, request = _of(session)
        self._system.factors.set_passphrase(caller.account, caller.subject, text, request, current=current)

    def authenticator_offer(self, session: Session) -> Offer:
        """A key for an authenticator."""
        caller, request = _of(session)
        return offered(self._system.factors.offer_totp(caller.account, caller.subject, request))

    def authenticator_confirm(self, session: Session, code: str) -> None:
        """Take it into use."""
        caller, request = _of(session)
        self._system.factors.confirm_totp(caller.account, caller.subject, code, request)

    def recovery_codes(self, session: Session) -> tuple[str, ...]:
        """New recovery codes."""
        caller, request = _of(session)
        return tuple(self._system.factors.new_codes(caller.account, request))

    def passkey_new(self, session: Session) -> tuple[dict[str, Any], str]:
        """What the browser needs to make a passkey."""
        caller, request = _of(session)
        own_device(session)
        return self._system.passkeys.ask_new(caller.account, caller.subject, caller.display, request)

    def passkey_keep(self, session: Session, word: str, credential: dict[str, Any], label: str) -> None:
        """Keep a new passkey."""
        caller, request = _of(session)
        own_device(session)
        self._system.passkeys.take_new(caller.account, word, credential, label, request)

    def factor_remove(self, session: Session, ident: str) -> None:
        """Remove a passkey."""
        caller, request = _of(session)
        self._system.factors.remove(caller.account, _id(ident), request)


def _of(session: Session) -> tuple[Any, str]:
    one: WebSession = held(session)
    return one.caller, one.request


def _id(ident: str) -> UUID:
    try:
        return UUID(ident)
    except ValueError:
        raise NotFound("no such thing in this account") from None
