"""What a resident sees and notes of food and drink."""

from __future__ import annotations

from typing import Protocol


class NutritionPages(Protocol):
    """What a resident sees and notes of food and drink."""
