"""What the authorization server issues: how each secret word begins, how long it lives, and how it is kept."""

from __future__ import annotations

import secrets
from datetime import timedelta
from hashlib import sha256
from typing import Final, Literal

Kind = Literal["code", "access", "refresh"]
PREFIX: Final[dict[Kind, str]] = {"code": "sc-", "access": "sa-", "refresh": "sr-"}
"""How each begins, so that it is told from others, also by those who scan for leaked secrets."""
ACCESS_PREFIX: Final = PREFIX["access"]
APP: Final = "app:"
"""How an app is named in the audit trail, followed by its id."""
LIFE: Final[dict[Kind, timedelta]] = {
    "code": timedelta(minutes=1),
    "access": timedelta(hours=1),
    "refresh": timedelta(days=400),
}
"""The longest that each lives; SMART asks for codes of about a minute and access tokens of at most an hour."""
BACKEND_LIFE: Final = timedelta(minutes=5)
"""Of the access token of a backend service, which asks for a new one whenever it needs one."""
ASKING: Final = timedelta(minutes=10)
"""How long a person may think about what an app asks for."""
TOGETHER: Final = timedelta(seconds=10)
"""Two refreshes so close are one app that asked twice; later, a used refresh token is in other hands."""
PERIODS: Final[dict[str, timedelta]] = {
    "month": timedelta(days=30),
    "half": timedelta(days=182),
    "year": timedelta(days=365),
}
"""How long a person lets an app come back on its own."""
ONLINE: Final = timedelta(days=1)
"""How long an app may go on with somebody who stays signed in."""


def new(kind: Kind) -> str:
    """A new secret word."""
    return PREFIX[kind] + secrets.token_urlsafe(32)


def kept(word: str) -> str:
    """A long random word as it is kept: a plain hash is enough for it."""
    return sha256(word.encode()).hexdigest()
