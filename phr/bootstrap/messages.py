"""Messages, nudges, reminders and letters."""

from __future__ import annotations

from phr.bootstrap.core import Core


class Messages(Core):
    """Messages, nudges, reminders and letters."""
