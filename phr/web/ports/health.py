"""What a resident sees of scores, trends and questionnaires."""

from __future__ import annotations

from typing import Protocol


class HealthPages(Protocol):
    """What a resident sees of scores, trends and questionnaires."""
