"""Invented views of the page of connections, in every state."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from phr.web.views.connect import Connect, TurnedAway

NOW = datetime(2026, 11, 21, 1, 42, 7, tzinfo=UTC)
CONNECTED = Connect(
    True,
    "connected",
    ("activity", "heart", "sleep"),
    ("activity", "heart"),
    NOW - timedelta(days=40),
    NOW - timedelta(minutes=9),
    182_340,
    turned_away=(
        TurnedAway("no-consent", "oxygen", 1420),
        TurnedAway("quarantined", "", 11),
        TurnedAway("unreadable", "", 4),
    ),
    notice="partly",
    elsewhere="https://accounts.google.com",
)
NONE = Connect(True, "none", ("activity", "heart", "sleep"))
TROUBLES = ("unavailable", "unreadable", "refused", "failed", "account-not-linked")
NOTICES = ("connected", "disconnected", "denied", "scopes", "expired", "later", "refused", "no-consent")

VIEWS = {
    "connect": CONNECTED,
    "connect-none": NONE,
    "connect-no-consent": replace(NONE, wanted=(), notice="no-consent"),
    "connect-not-ready": replace(NONE, ready=False, notice="not-ready"),
    "connect-first": replace(
        CONNECTED, granted=CONNECTED.wanted, last_success_at=None, received=0, turned_away=()
    ),
    "connect-again": replace(CONNECTED, state="needs-reconnect", granted=()),
    "connect-consent-again": replace(CONNECTED, state="consent-again", granted=(), last_success_at=None),
    "connect-paused": replace(CONNECTED, state="paused", wanted=(), granted=()),
    "connect-disconnected": replace(CONNECTED, state="disconnected", granted=(), notice="disconnected"),
    **{f"connect-{word}": replace(CONNECTED, trouble=word, notice="") for word in TROUBLES},
    **{f"connect-told-{word}": replace(NONE, notice=word) for word in NOTICES},
}
VIEWS = {name: ("connect", "resident", view) for name, view in VIEWS.items()}
"""Name of the state -> template, role that sees it, view."""
