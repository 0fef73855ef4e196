"""What a FHIR request says of itself in headers: forms it takes and sends, versions it knows, how much it wants back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Final

import msgspec
from starlette.exceptions import HTTPException

from phr.api.problems import FHIR_JSON
from phr.errors import Invalid

_JSON: Final = frozenset({FHIR_JSON, "application/json", "json", "text/json", "application/json+fhir"})
_ANY: Final = frozenset({"*/*", "application/*"})
_PATCH: Final = "application/json-patch+json"
_TAG: Final = re.compile(r'(?:W/)?"(\d{1,9})"|(\d{1,9})', re.ASCII)
_RETURN: Final = re.compile(r"(?:^|[;,\s])return\s*=\s*\"?(minimal|representation|OperationOutcome)\b")
READ: Final = ("accept", "prefer", "if-match", "if-none-match", "if-none-exist", "if-modified-since")
"""The headers that interactions read."""


def check_wanted(headers: Mapping[str, str], form: str | None) -> None:
    """Refuses a form that is not JSON, or another FHIR version than 4.0. _format speaks louder than Accept."""
    wanted = form if form is not None else headers.get("accept", "")
    if not wanted.strip():
        return
    for part in wanted.split(","):
        name, _, rest = part.partition(";")
        if name.strip().lower() in _JSON | (frozenset() if form else _ANY) and _is_r4(rest):
            return
    raise HTTPException(406, "only FHIR 4.0 in JSON is served")


def check_sent(headers: Mapping[str, str], *, patch: bool = False) -> None:
    """Refuses a body that is not JSON."""
    name, _, rest = headers.get("content-type", "").partition(";")
    known = {_PATCH} if patch else _JSON | {""}
    if name.strip().lower() not in known or not _is_r4(rest):
        raise HTTPException(415, f"the body is to be {_PATCH if patch else FHIR_JSON}")


def _is_r4(parameters: str) -> bool:
    """Whether the parameters of a media type name no other FHIR version."""
    found = re.search(r"fhirVersion\s*=\s*\"?([0-9.]+)", parameters)
    return found is None or found.group(1) in {"4.0", "4.0.1"}


def expected_version(headers: Mapping[str, str]) -> int | None:
    """The version in If-Match; None without one. Raises Invalid."""
    given = headers.get("if-match")
    if given is None:
        return None
    match = _TAG.fullmatch(given.strip())
    if match is None:
        raise Invalid("expected a version", field="If-Match")
    return int(match.group(1) or match.group(2))


def unchanged(headers: Mapping[str, str], version: str, at: datetime) -> bool:
    """Whether the caller has this version already: If-None-Match, and without it If-Modified-Since."""
    tags = headers.get("if-none-match")
    if tags is not None:
        return tags.strip() == "*" or any(
            match is not None and (match.group(1) or match.group(2)) == version
            for match in (_TAG.fullmatch(one.strip()) for one in tags.split(","))
        )
    try:
        since = parsedate_to_datetime(headers.get("if-modified-since", ""))
    except ValueError:
        return False
    if since.tzinfo is None:
        since = since.replace(tzinfo=UTC)
    return at.replace(microsecond=0) <= since


def preferred(headers: Mapping[str, str]) -> str:
    """What the answer to a write is to hold: minimal, representation, OperationOutcome, or "" for no wish."""
    found = _RETURN.search(headers.get("prefer", ""))
    return found.group(1) if found else ""


def version_headers(version: int | str, at: datetime) -> dict[str, str]:
    """ETag and Last-Modified."""
    return {
        "ETag": f'W/"{version}"',
        "Last-Modified": format_datetime(at.astimezone(UTC).replace(microsecond=0), usegmt=True),
    }


def pretty(body: bytes) -> bytes:
    """The same JSON with line breaks; every number stays as it is written."""
    return msgspec.json.format(body, indent=2) if body else body
