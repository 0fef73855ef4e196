"""What a condition means: the one resource that fits it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from phr.errors import Unmet

_Found = TypeVar("_Found")


def only(found: Iterable[_Found]) -> _Found | None:
    """The one that fits, or None. Raises Unmet where several do: nobody can tell which is meant."""
    kept = list(found)
    if len(kept) > 1:
        raise Unmet("more than one resource fits the condition")
    return kept[0] if kept else None
