"""Residents that are multiplied in the database: only benchmarks ask for them, on a database that was made for them."""

from __future__ import annotations

from phr.store.multiply import Copy, multiply

__all__ = ["Copy", "multiply"]
