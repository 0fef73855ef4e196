"""Scores, trends and questionnaires for residents and nurses."""

from __future__ import annotations

from phr.bootstrap.core import Core


class Health(Core):
    """Scores, trends and questionnaires for residents and nurses."""
