"""Invented views of the page of open data, and of releases with numbers to delete."""

from __future__ import annotations

from datetime import date

from phr.web.views.open_data import Edition, OpenData

FILES = ("catalogue.jsonld", "entities.jsonld", "statistics.csv")
OUT = OpenData(
    (Edition("2025", date(2026, 4, 10), 1.0, FILES), Edition("2024", date(2025, 4, 10), 1.0, FILES)), 10
)
VIEWS = {"open_data": OUT, "open-data-none": OpenData((), 10)}
VIEWS = {name: ("open_data", "resident", view) for name, view in VIEWS.items()}
"""Name of the state -> template, role that sees it, view."""
