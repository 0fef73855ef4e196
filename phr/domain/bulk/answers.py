"""What a client is told about a bulk job: the manifest, bundles of deletions, lines of errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import orjson

from ingest.codes import VITALS

_ENTRIES: Final = 200


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of a manifest."""

    section: str
    type: str
    url: str
    count: int


def manifest(instant: datetime, request: str, files: Sequence[Listed]) -> bytes:
    """The manifest of a finished export or import."""
    sections: dict[str, list[dict[str, Any]]] = {"output": [], "deleted": [], "error": []}
    for one in files:
        sections[one.section].append({"type": one.type, "url": one.url, "count": one.count})
    return orjson.dumps(
        {
            "transactionTime": instant.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "request": request,
            "requiresAccessToken": True,
            **sections,
        }
    )


@dataclass(frozen=True, slots=True)
class Gone:
    """What a recipient holds and may hold no more.

    item: the code of samples (of all days, or those before or after a day) or the id of a document.
    """

    patient: str
    type: str
    item: str
    sampled: bool
    before: date | None = None
    after: date | None = None


def deletions(gone: Sequence[Gone]) -> Iterator[bytes]:
    """Transaction bundles of deletions, one on a line. Samples are named by a search, since their ids are many."""
    urls = [url for one in gone for url in _urls(one)]
    for at in range(0, len(urls), _ENTRIES):
        entries = [{"request": {"method": "DELETE", "url": url}} for url in urls[at : at + _ENTRIES]]
        yield orjson.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}) + b"\n"


def _urls(one: Gone) -> list[str]:
    if not one.sampled:
        return [f"{one.type}/{one.item}"]
    search = f"Observation?patient={one.patient}"
    vital = VITALS[one.item]
    codings = [coding for channel in vital.channels for coding in channel.codings] if vital.split else []
    first = (codings or list(vital.codings))[: len(codings) or 1]
    search += "&code=" + ",".join(f"{coding.system}|{coding.code}" for coding in first)
    if one.before is None and one.after is None:
        return [search]
    limits = [("lt", one.before), ("gt", one.after)]
    return [f"{search}&date={prefix}{day.isoformat()}" for prefix, day in limits if day is not None]


def problem(text: str, severity: str = "warning", code: str = "not-supported", place: str = "") -> bytes:
    """One OperationOutcome on a line."""
    issue: dict[str, Any] = {"severity": severity, "code": code, "diagnostics": text}
    if place:
        issue["location"] = [place]
    return orjson.dumps({"resourceType": "OperationOutcome", "issue": [issue]}) + b"\n"
