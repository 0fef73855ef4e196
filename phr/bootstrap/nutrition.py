"""What people eat and drink."""

from __future__ import annotations

from phr.bootstrap.core import Core


class Nutrition(Core):
    """What people eat and drink."""
