"""What the sign-in and the error pages receive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Way:
    """One way to sign in. link: one-time token in a form; password: number and passphrase; openid: ``href``; passkey."""

    kind: Literal["link", "password", "openid", "passkey"]
    href: str = ""


@dataclass(frozen=True, slots=True)
class SignIn:
    """The ways offered, easiest first; ``problem`` why the last try failed (words.SIGN_IN_PROBLEMS), or empty.

    ``token`` is the one-time token of the link that was opened, ``after`` the page to go to. ``tying`` a common ID
    waits to be tied to an account by a link. ``idle``: the session ended because nobody used it. ``shared``: the device
    is known to be one that several people use.
    """

    ways: tuple[Way, ...]
    problem: str = ""
    token: str = ""
    after: str = ""
    signed_out: bool = False
    tying: bool = False
    idle: bool = False
    shared: bool = False


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """A page that says what happened, that the records are safe, and what next. ``reference`` is said on the phone."""

    status: int
    reference: str = ""
