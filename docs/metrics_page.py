"""The table of metrics for the reference."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import phr.api
from docs.tables import table
from phr.metrics import rows


def metrics() -> str:
    """Every metric; each module of the interfaces declares what it counts when it is loaded."""
    for found in pkgutil.iter_modules(phr.api.__path__):
        import_module(f"phr.api.{found.name}")
    shown = ((f"`{name}`", kind, labels, text) for name, kind, labels, text in rows())
    return table(("metric", "kind", "labels", "meaning"), shown)
