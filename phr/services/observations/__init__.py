"""Observations of either form, found and read for someone, for a purpose."""

from phr.services.observations.measuring import Figures, Span
from phr.services.observations.reading import Observations, Page, with_cursor
from phr.services.observations.rendering import Found

__all__ = ["Figures", "Found", "Observations", "Page", "Span", "with_cursor"]
