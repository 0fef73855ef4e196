"""What every way of signing in shares: the reason to open the store, and how a secret word is kept."""

from __future__ import annotations

from hashlib import sha256

from phr.domain.access import Access


def signing_in(request: str) -> Access:
    """The service's own reason, about nobody yet."""
    return Access("system", "sign-in", "", "session", request)


def mark_of(word: str) -> str:
    """A long random word as it is kept: a plain hash is enough for it."""
    return sha256(word.encode()).hexdigest()
