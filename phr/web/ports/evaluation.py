"""What staff see of whether a programme helps."""

from __future__ import annotations

from typing import Protocol


class EvaluationPages(Protocol):
    """What staff see of whether a programme helps."""
