"""What a resident sees of scores, trends and questionnaires."""

from __future__ import annotations

from phr.web.wired.parts import Area


class HealthArea(Area):
    """What a resident sees of scores, trends and questionnaires."""
