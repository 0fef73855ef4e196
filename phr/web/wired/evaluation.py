"""What staff see of whether a programme helps."""

from __future__ import annotations

from phr.web.wired.parts import Area


class EvaluationArea(Area):
    """What staff see of whether a programme helps."""
