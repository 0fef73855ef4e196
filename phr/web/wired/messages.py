"""Messages, reminders and letters, as residents and staff see them."""

from __future__ import annotations

from phr.web.wired.parts import Area


class MessageArea(Area):
    """Messages, reminders and letters, as residents and staff see them."""
