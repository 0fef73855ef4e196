"""Errors that the generator's callers may see."""

from __future__ import annotations


class BadOptionError(ValueError):
    """An option that cannot be used; the text names the option and what is allowed."""


class BadCalibrationError(ValueError):
    """A calibration file (or the raw file that it is derived from) that does not hold what it should."""
