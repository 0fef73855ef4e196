"""Signing in and out."""

from __future__ import annotations

from typing import Final, cast

from phr.ids import new_id
from phr.web.ports import Role, Session, SignedIn
from phr.web.sessions import held
from phr.web.views.signin import Way
from phr.web.wired.parts import Area

_COOKIE_SECONDS: Final = (
    12 * 3600
)  # the browser forgets after this; the service ends idle sessions much sooner


class SigningIn(Area):
    """Links that work once; the city's common ID where one is set up. Passphrases are not offered."""

    def ways(self) -> tuple[Way, ...]:
        """The ways offered, easiest first."""
        link = (Way("link"),)
        return (Way("openid", "/sign-in/openid"), *link) if self._parts.settings.oidc_issuer else link

    def sign_in_link(self, token: str) -> SignedIn | None:
        """A session for a one-time token."""
        if not token:
            return None
        made = self._system.accounts.redeem(token, str(new_id()))
        if made is None:
            return None
        return SignedIn(made.secret, cast("Role", made.caller.role), _COOKIE_SECONDS)

    def sign_in_password(self, number: str, passphrase: str) -> SignedIn | None:
        """Nobody has a passphrase here."""
        del number, passphrase
        return None

    def sign_out(self, session: Session) -> None:
        """End this session now."""
        one = held(session)
        self._system.accounts.end(one.secret, one.request)
