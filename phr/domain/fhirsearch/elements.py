"""Elements of a resource: what stands at a path, with lists opened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from phr.domain.fhirsearch.definitions import Step


def at(resource: Any, path: Iterable[Step]) -> list[Any]:
    """Every value at a path. An empty path gives the resource itself."""
    found = [resource]
    for name, member, wanted in path:
        deeper: list[Any] = []
        for one in found:
            value = one.get(name) if isinstance(one, dict) else None
            if isinstance(value, list):
                deeper.extend(each for each in value if each is not None)
            elif value is not None:
                deeper.append(value)
        found = (
            [one for one in deeper if isinstance(one, dict) and one.get(member) == wanted]
            if member
            else deeper
        )
    return found


def under(resource: Any, paths: Iterable[Iterable[Step]]) -> Iterator[Any]:
    """Every value at any of several paths."""
    for path in paths:
        yield from at(resource, path)
