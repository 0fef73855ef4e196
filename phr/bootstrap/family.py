"""Children and their guardians."""

from __future__ import annotations

from phr.bootstrap.core import Core


class Family(Core):
    """Children and their guardians."""
