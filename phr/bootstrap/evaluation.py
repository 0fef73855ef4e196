"""Whether a programme helps: cohorts, comparisons and the report."""

from __future__ import annotations

from phr.bootstrap.core import Core


class Evaluation(Core):
    """Whether a programme helps: cohorts, comparisons and the report."""
