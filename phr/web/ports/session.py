"""Who is signed in, and how one signs in and out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

from phr.domain.family.acting import Scope
from phr.web.views.account import AccountPage, Offer, Second
from phr.web.views.signin import Way

Role = Literal["resident", "nurse", "registrar", "researcher", "operator"]


class Session(Protocol):
    """Who is signed in, as the pages see it. ``csrf`` is the secret of this session's forms."""

    @property
    def subject(self) -> str:
        """The opaque id of the person who is signed in."""
        ...

    @property
    def role(self) -> Role:
        """The one role of this session."""
        ...

    @property
    def name(self) -> str:
        """The name shown in the header."""
        ...

    @property
    def organisation(self) -> str:
        """The division or institution shown for staff; empty for residents."""
        ...

    @property
    def csrf(self) -> str:
        """The token that every form of this session carries; another one for each person for whom it acts."""
        ...

    @property
    def shared(self) -> bool:
        """Whether several people use the device."""
        ...

    @property
    def left(self) -> int:
        """Seconds after which the session ends if nobody uses it."""
        ...

    @property
    def acting(self) -> Scope | None:
        """For whom this request acts, and how far; None for the own record."""
        ...

    @property
    def over(self) -> bool:
        """Whether the right to act ended since the session was switched."""
        ...


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that was just made: the value of its cookie, its role, and how long it may live.

    Not ``whole``: the half of one, which only the page of the second factor takes. ``after`` is the page wanted.
    """

    cookie: str
    role: Role
    max_age: int
    whole: bool = True
    after: str = ""


@dataclass(frozen=True, slots=True)
class Browser:
    """What the browser says of itself, and whether several people use it."""

    user_agent: str = ""
    shared: bool = False


@dataclass(frozen=True, slots=True)
class ToTie:
    """A common ID that no account knows yet: the word that a one-time link ties it with."""

    word: str


class SignInPages(Protocol):
    """Signing in and out. Busy while a name is locked after failures."""

    def ways(self) -> tuple[Way, ...]:
        """The ways offered, easiest first."""
        ...

    def sign_in_link(self, token: str, browser: Browser, tie: str = "") -> SignedIn | None:
        """A session for a one-time token, None when it is unknown, used or too old; ties a waiting common ID."""
        ...

    def sign_in_password(self, number: str, passphrase: str, browser: Browser) -> SignedIn | None:
        """A session for a number and passphrase; None when they do not fit."""
        ...

    def openid_begin(self, after: str) -> tuple[str, str]:
        """Where to send the person, and the word that their browser keeps."""
        ...

    def openid_finish(self, word: str, state: str, code: str, browser: Browser) -> SignedIn | ToTie:
        """Who came back. Raises Refused."""
        ...

    def passkey_ask(self) -> tuple[dict[str, Any], str]:
        """What the browser needs to use a passkey, and the word that it keeps."""
        ...

    def passkey_take(self, word: str, credential: dict[str, Any], browser: Browser) -> SignedIn:
        """A session for a passkey. Raises Invalid."""
        ...

    def second(self, half: str) -> Second:
        """What the page of the second factor shows. Raises NotAllowed when the half is over."""
        ...

    def second_code(self, half: str, code: str, browser: Browser) -> SignedIn | None:
        """The whole session for a code; None when it is not right."""
        ...

    def second_enrol(self, half: str, code: str, browser: Browser) -> tuple[SignedIn, tuple[str, ...]]:
        """Takes a new authenticator into use: the session, and recovery codes shown once. Raises Invalid."""
        ...

    def sign_out(self, session: Session) -> None:
        """End this session now."""
        ...


class AccountPages(Protocol):
    """One's own account: where it is signed in, and how it proves itself."""

    def account(self, session: Session, notice: str) -> AccountPage:
        """Sessions and factors."""
        ...

    def end_session(self, session: Session, ident: str) -> None:
        """End one of the own sessions."""
        ...

    def set_passphrase(self, session: Session, text: str, current: str) -> None:
        """Set or change the passphrase. Raises Invalid (field passphrase or current), Busy while locked."""
        ...

    def authenticator_offer(self, session: Session) -> Offer:
        """A key for an authenticator. Conflict when one is in use."""
        ...

    def authenticator_confirm(self, session: Session, code: str) -> None:
        """Take it into use. Raises Invalid (field code)."""
        ...

    def recovery_codes(self, session: Session) -> tuple[str, ...]:
        """New recovery codes, shown once; the old ones end."""
        ...

    def passkey_new(self, session: Session) -> tuple[dict[str, Any], str]:
        """What the browser needs to make a passkey, and the word that it keeps."""
        ...

    def passkey_keep(self, session: Session, word: str, credential: dict[str, Any], label: str) -> None:
        """Keep a new passkey. Raises Invalid."""
        ...

    def factor_remove(self, session: Session, ident: str) -> None:
        """Remove a passkey. Conflict when it is the last second factor."""
        ...
