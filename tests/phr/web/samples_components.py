"""The page of components in its one state."""

from __future__ import annotations

from phr.web.views.components import COMPONENTS

VIEWS = {"components": ("components", "operator", COMPONENTS)}
"""Name of the state -> template, role that sees it, view."""
