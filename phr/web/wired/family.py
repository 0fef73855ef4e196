"""What a guardian sees and does for a child."""

from __future__ import annotations

from phr.web.wired.parts import Area


class FamilyArea(Area):
    """What a guardian sees and does for a child."""
