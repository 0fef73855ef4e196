"""What the sign-in and the error pages receive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Way:
    """One way to sign in. ``kind`` link: one-time token in a form; password: number and passphrase; openid: ``href``."""

    kind: Literal["link", "password", "openid"]
    href: str = ""


@dataclass(frozen=True, slots=True)
class SignIn:
    """The ways offered, easiest first; ``problem`` why the last try failed (words.SIGN_IN_PROBLEMS), or empty.

    ``token`` is the one-time token of the link that was opened, ``after`` the page to go to.
    """

    ways: tuple[Way, ...]
    problem: str = ""
    token: str = ""
    after: str = ""
    signed_out: bool = False


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """A page that says what happened, that the records are safe, and what next. ``reference`` is said on the phone."""

    status: int
    reference: str = ""
