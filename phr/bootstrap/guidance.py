"""Specific health guidance (特定保健指導) from the first interview to its evaluation."""

from __future__ import annotations

from phr.bootstrap.core import Core


class Guidance(Core):
    """Specific health guidance (特定保健指導) from the first interview to its evaluation."""
