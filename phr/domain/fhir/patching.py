"""JSON Patch (RFC 6902) on a FHIR resource: bounded, so that no patch makes a small text into a large one."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Final

from jsonpatch import InvalidJsonPatch, JsonPatch, JsonPatchException
from jsonpointer import JsonPointerException

from phr.domain.fhir.texts import dump
from phr.errors import Invalid, Refused

MOST: Final = 100
_LARGEST: Final = 2_000_000
_GROWING: Final = frozenset({"add", "copy"})


def patched(resource: dict[str, Any], operations: Any) -> dict[str, Any]:
    """The resource after the operations. Raises Invalid for no patch, Refused for one that does not fit what is there."""
    if not isinstance(operations, list) or not all(isinstance(one, dict) for one in operations):
        raise Invalid("expected a list of operations", field="patch")
    if len(operations) > MOST:
        raise Invalid(f"more than {MOST} operations", field="patch")
    kind, identity = resource.get("resourceType"), resource.get("id")
    found: Any = resource
    for place, one in enumerate(operations):
        found = _step(found, one, f"patch[{place}]")
    if not isinstance(found, dict) or (found.get("resourceType"), found.get("id")) != (kind, identity):
        raise Invalid("must leave type and id as they are", field="patch")
    return found


def _step(resource: Any, operation: dict[str, Any], place: str) -> Any:
    """One operation. The library copies what it is given by reference, so each step works on a copy of its own."""
    try:
        found = JsonPatch([deepcopy(operation)]).apply(resource)
        if operation.get("op") in _GROWING and len(dump({"": found})) > _LARGEST:
            raise Refused(f"{place}: makes the resource too large")
    except InvalidJsonPatch as error:
        raise Invalid("is no operation of JSON Patch", field=place) from error
    except (JsonPatchException, JsonPointerException, KeyError, IndexError) as error:
        raise Refused(f"{place}: does not fit the resource as it is") from error
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise Invalid("cannot be done", field=place) from error
    return found
