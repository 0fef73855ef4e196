"""Rules of signing in: how long one waits after failures, how a code is read, how long a session lives."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta
from typing import Final

STAFF: Final = frozenset({"nurse", "registrar", "researcher", "operator"})
"""Roles that see other people's data, or can let others see them: they prove themselves twice."""
FREE: Final = 5
"""Failures in a row without a pause (NIST SP 800-63B asks for a limit well below 100)."""
_FIRST: Final = timedelta(minutes=1)
_LONGEST: Final = timedelta(hours=1)
_FORGOTTEN: Final = timedelta(hours=24)
_SHARED: Final = timedelta(minutes=3)
_WHOLE: Final = timedelta(hours=12)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)
_BROWSERS: Final = (
    ("Edg/", "Edge"),
    ("Firefox/", "Firefox"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)


def open_again(failures: int, last: datetime) -> datetime:
    """When the next attempt is heard: at once for the first ones, then after pauses that double up to an hour."""
    if failures < FREE:
        return last
    return last + min(_FIRST * int(2 ** min(failures - FREE, 10)), _LONGEST)


def after_failure(failures: int, last: datetime, now: datetime) -> int:
    """The number of failures in a row with one more; a day of quiet forgets the old ones."""
    return 1 if now - last >= _FORGOTTEN else failures + 1


def code_typed(text: str) -> str:
    """A code as people type it: full-width digits, spaces and hyphens are no mistake.

    >>> code_typed("１２３ 456"), code_typed("ab3k-9xyz")
    ('123456', 'AB3K9XYZ')
    """
    return re.sub(r"[^0-9A-Z]", "", unicodedata.normalize("NFKC", text).upper())[:64]


def idle(shared: bool, usual: timedelta) -> timedelta:
    """How long a session waits for its person; shorter on a device that several people use."""
    return min(_SHARED, usual) if shared else usual


def ends(started: datetime, now: datetime, wait: timedelta) -> datetime:
    """When a session that is used now will end: after the idle time, and in any case half a day after its start."""
    return min(now + wait, started + _WHOLE)


def device(user_agent: str) -> str:
    """A browser and its system in words, from names that we know; what says nothing more tells no more.

    >>> device("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/149.0 Safari/537.36 Edg/149.0")
    'Edge / Windows'
    """
    browser = next((name for sign, name in _BROWSERS if sign in user_agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in user_agent), "")
    return " / ".join(part for part in (browser, system) if part)
