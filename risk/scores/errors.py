"""Errors of the scores: a name without a score, and a score whose table could not be confirmed."""

from __future__ import annotations

from risk.errors import RiskError


class UnknownScore(RiskError):
    """No score has this name. The names that exist are in the text; the name asked for is not repeated."""


class NotShipped(RiskError):
    """A published score that is known, but whose table could not be confirmed, so that no number is given."""
