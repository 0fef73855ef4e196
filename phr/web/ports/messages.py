"""Messages, reminders and letters, as residents and staff see them."""

from __future__ import annotations

from typing import Protocol


class MessagePages(Protocol):
    """Messages, reminders and letters, as residents and staff see them."""
