"""Who is signed in, and how one signs in and out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from phr.web.views.signin import Way

Role = Literal["resident", "nurse", "researcher", "operator"]


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
        """The token that every form of this session carries."""
        ...


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that was just made: the value of its cookie, its role, and how long it may live."""

    cookie: str
    role: Role
    max_age: int


class SignInPages(Protocol):
    """Signing in and out."""

    def ways(self) -> tuple[Way, ...]:
        """The ways offered, easiest first."""
        ...

    def sign_in_link(self, token: str) -> SignedIn | None:
        """A session for a one-time token; None when it is unknown, used or too old."""
        ...

    def sign_in_password(self, number: str, passphrase: str) -> SignedIn | None:
        """A session for a number and passphrase; None when they do not fit."""
        ...

    def sign_out(self, session: Session) -> None:
        """End this session now."""
        ...
