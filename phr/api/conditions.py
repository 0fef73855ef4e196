"""Conditions of interactions with resources that are kept apart from the documents: asked of each that is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from phr.api.interactions import Call
from phr.domain.fhirsearch import matches
from phr.errors import Invalid

Fitting = Callable[[Mapping[str, Any]], bool]
_LONGEST: Final = 2000
_FORM: Final = frozenset({"_format", "_pretty", ""})


def of_header(call: Call) -> str:
    """The condition of a create; empty when there is none."""
    condition = call.headers.get("if-none-exist", "").lstrip("?")
    if "if-none-exist" in call.headers and not condition:
        raise Invalid("expected a query", field="If-None-Exist")
    return condition


def of_query(query: str) -> str:
    """The condition of an interaction that names no id."""
    kept = [part for part in query.split("&") if part.partition("=")[0] not in _FORM]
    if not kept:
        raise Invalid("expected an id or a query", field="query")
    return "&".join(kept)


def fitting(call: Call, kind: str, condition: str) -> Fitting:
    """Whether a resource fits. Raises Invalid, before anything is done, for what cannot be asked of a resource alone."""
    if len(condition) > _LONGEST:
        raise Invalid("too long", field="query")
    zone, base = call.system.settings.tz, call.base
    matches(kind, condition, {"resourceType": kind}, zone, base)
    return lambda resource: matches(kind, condition, resource, zone, base)
