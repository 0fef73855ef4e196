"""Whether a resource matches a search, as scopes, subscriptions and conditional forms ask for one resource alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from phr.domain.fhirsearch.criteria import Criterion, Place, criterion
from phr.domain.fhirsearch.definitions import parameter
from phr.errors import Invalid


def fits(criteria: Iterable[Criterion], resource: Mapping[str, Any]) -> bool:
    """Whether a resource satisfies every criterion."""
    return all(one.fits(resource) for one in criteria)


@lru_cache(maxsize=1024)
def compiled(kind: str, query: str, zone: ZoneInfo, base: str = "") -> Sequence[Criterion]:
    """The criteria of a query string without chains and result parameters. Raises Invalid."""
    try:
        given = parse_qsl(
            query, keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=100
        )
    except ValueError as error:
        raise Invalid("not valid percent-encoded UTF-8, or too many parameters", field="query") from error
    place = Place(zone, base)
    found = []
    for name, value in given:
        head, _, modifier = name.partition(":")
        found.append(criterion(parameter(kind, head), modifier, value, place))
    return tuple(found)


def matches(kind: str, query: str, resource: Mapping[str, Any], zone: ZoneInfo, base: str = "") -> bool:
    """Whether a resource is of a type and matches a query string, such as ``category=vital-signs&status=final``.

    Raises Invalid for a query that cannot be answered from the resource alone.
    """
    return resource.get("resourceType") == kind and fits(compiled(kind, query, zone, base), resource)
