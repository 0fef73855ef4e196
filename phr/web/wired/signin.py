"""Signing in and out."""

from __future__ import annotations

from typing import Any, Final, cast

import segno
from markupsafe import Markup

from phr.domain import signin as rules
from phr.errors import Invalid, NotAllowed
from phr.ids import new_id
from phr.services.accounts import Caller, Entered, Unbound, Where
from phr.web.ports import Browser, Role, Session, SignedIn, ToTie
from phr.web.sessions import held
from phr.web.views.account import Offer, Second
from phr.web.views.signin import Way
from phr.web.wired.parts import Area

_COOKIE_SECONDS: Final = (
    12 * 3600
)  # the browser forgets after this; the service ends idle sessions much sooner


class SigningIn(Area):
    """Links that work once, the common ID, passkeys, and number and passphrase for staff."""

    def ways(self) -> tuple[Way, ...]:
        """The ways offered, easiest first."""
        found = [Way("openid", "/sign-in/openid")] if self._system.common_id.ready else []
        if self._system.passkeys.offered:
            found.append(Way("passkey"))
        return (*found, Way("link"), Way("password"))

    def sign_in_link(self, token: str, browser: Browser, tie: str = "") -> SignedIn | None:
        """A session for a one-time token; a common ID that waits in this browser is tied to its account."""
        request = str(new_id())
        made = self._system.accounts.redeem(token, request, _where(browser, "link")) if token else None
        if made is None:
            return None
        if tie:
            self._system.common_id.tie(tie, made.caller.account, request)
        return _signed(made)

    def sign_in_password(self, number: str, passphrase: str, browser: Browser) -> SignedIn | None:
        """A session, or its half, for a number and passphrase."""
        request = str(new_id())
        account = self._system.factors.by_passphrase(number, passphrase, request)
        if account is None:
            return None
        where = _where(browser, "password")
        return _signed(self._system.accounts.enter(account.subject, where, strong=False, request=request))

    def openid_begin(self, after: str) -> tuple[str, str]:
        """To the common ID."""
        return self._system.common_id.begin(after, str(new_id()))

    def openid_finish(self, word: str, state: str, code: str, browser: Browser) -> SignedIn | ToTie:
        """Back from the common ID."""
        request = str(new_id())
        found = self._system.common_id.finish(word, state, code, request)
        if isinstance(found, Unbound):
            return ToTie(found.word)
        subject, where = found.account.subject, _where(browser, "openid")
        made = self._system.accounts.enter(subject, where, strong=found.strong, request=request)
        return _signed(made, found.after)

    def passkey_ask(self) -> tuple[dict[str, Any], str]:
        """To a passkey."""
        return self._system.passkeys.ask(str(new_id()))

    def passkey_take(self, word: str, credential: dict[str, Any], browser: Browser) -> SignedIn:
        """A session for a passkey: it is two factors by itself."""
        request = str(new_id())
        account = self._system.passkeys.take(word, credential, request)
        where = _where(browser, "passkey")
        return _signed(self._system.accounts.enter(account.subject, where, strong=True, request=request))

    def second(self, half: str) -> Second:
        """What the account has; the first time it is offered an authenticator."""
        request = str(new_id())
        caller = self._half(half, request)
        has = self._system.factors.held(caller.account, request)
        offer = None
        if not has.second:
            offer = offered(self._system.factors.offer_totp(caller.account, caller.subject, request))
        offers = self._system.passkeys.offered
        name = caller.display or caller.subject
        return Second(name, has.totp, bool(has.passkeys) and offers, has.codes > 0, offer, offers)

    def second_code(self, half: str, code: str, browser: Browser) -> SignedIn | None:
        """The whole session for a code."""
        request = str(new_id())
        caller = self._half(half, request)
        if not self._system.factors.second(caller.account, caller.subject, code, request):
            return None
        return self._whole(half, browser, request)

    def second_enrol(self, half: str, code: str, browser: Browser) -> tuple[SignedIn, tuple[str, ...]]:
        """The first authenticator, the session, and recovery codes."""
        request = str(new_id())
        caller = self._half(half, request)
        self._system.factors.confirm_totp(caller.account, caller.subject, code, request)
        codes = self._system.factors.new_codes(caller.account, request)
        return self._whole(half, browser, request), tuple(codes)

    def _half(self, half: str, request: str) -> Caller:
        caller = self._system.accounts.caller(half, "half", request) if half else None
        if caller is None:
            raise NotAllowed("no sign-in under way")
        return caller

    def _whole(self, half: str, browser: Browser, request: str) -> SignedIn:
        made = self._system.accounts.complete(half, _where(browser, "two-factors"), request)
        if made is None:
            raise NotAllowed("no sign-in under way")
        return _signed(made)

    def sign_out(self, session: Session) -> None:
        """End this session now."""
        one = held(session)
        self._system.accounts.end(one.secret, one.request)


def _where(browser: Browser, way: str) -> Where:
    return Where(rules.device(browser.user_agent), way, browser.shared)


def _signed(made: Entered, after: str = "") -> SignedIn:
    seconds = _COOKIE_SECONDS if made.whole else 600
    return SignedIn(made.secret, cast("Role", made.caller.role), seconds, made.whole, after)


def offered(address: str) -> Offer:
    """An authenticator's key as a picture, black on white also where the page is dark, and in groups to type."""
    key = address.partition("secret=")[2].partition("&")[0]
    if not key:
        raise Invalid("is no key", field="key")
    drawn = segno.make(address, error="m", micro=False)
    picture = Markup(drawn.svg_inline(scale=4, dark="#000", light="#fff", omitsize=True))  # noqa: S704 - of our own key
    return Offer(picture, " ".join(key[at : at + 4] for at in range(0, len(key), 4)))
