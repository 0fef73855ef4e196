"""What a guardian sees and does for a child."""

from __future__ import annotations

from typing import Protocol


class FamilyPages(Protocol):
    """What a guardian sees and does for a child."""
