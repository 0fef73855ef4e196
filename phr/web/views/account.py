"""What the pages of one's own account and of the second factor receive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Offer:
    """A key for an authenticator: as a picture to photograph, and as text to type, in groups."""

    picture: str
    key: str


@dataclass(frozen=True, slots=True)
class Second:
    """The second factor: what the account has, or the authenticator that it is offered. ``problem``: sentences."""

    name: str
    totp: bool
    passkeys: bool
    codes: bool
    offer: Offer | None
    passkeys_offered: bool
    problem: str = ""


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A place where the account is signed in. ``way``: words.SIGN_IN_WAYS."""

    ident: str
    device: str
    way: str
    shared: bool
    started: datetime
    seen: datetime
    here: bool


@dataclass(frozen=True, slots=True)
class PasskeyLine:
    """A passkey of the account."""

    ident: str
    label: str
    made: datetime
    used: datetime | None


@dataclass(frozen=True, slots=True)
class AccountPage:
    """Sessions and factors of one account. ``codes`` are new recovery codes, shown this once.

    ``shared``: the device is one that several people use, so that no passkey is made on it.
    """

    sessions: tuple[SessionLine, ...]
    passkeys: tuple[PasskeyLine, ...]
    passphrase: bool
    totp: bool
    codes_left: int
    passkeys_offered: bool
    staff: bool
    offer: Offer | None = None
    codes: tuple[str, ...] = ()
    notice: str = ""
    problem: str = ""
    shared: bool = False
