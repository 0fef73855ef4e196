"""What a resident sees and notes of food and drink."""

from __future__ import annotations

from phr.web.wired.parts import Area


class NutritionArea(Area):
    """What a resident sees and notes of food and drink."""
