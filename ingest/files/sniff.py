"""Tells from a file's name and first bytes which import format it has; None when it is none of ours."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Final

_HEAD: Final = 65_536
_FITBIT_MEMBERS: Final = (
    b'"activities-heart',
    b'"activities-steps',
    b'"activities-calories',
    b'"activities-distance',
    b'"activities-floors',
    b'"sleep"',
    b'"weight"',
    b'"hrv"',
    b'"br"',
    b'"tempSkin"',
    b'"tempCore"',
    b'"cardioScore"',
)


def format_of(path: Path) -> str | None:
    """The name of the import format of one file."""
    name = path.name.lower().removesuffix(".gz")
    head = _head(path)
    if name.endswith(".csv"):
        return _of_csv(head)
    if name.endswith((".ndjson", ".jsonl")):
        return (
            "fhir-ndjson"
            if b'"resourceType"' in head
            else "google-health-json"
            if b'"dataSource"' in head
            else None
        )
    if name.endswith(".json"):
        return _of_json(head)
    if name.endswith(".zip") and (b"Takeout/" in head or b"Fitbit/" in head):
        return "fitbit-takeout"
    return None


def _of_csv(head: bytes) -> str | None:
    first = head.split(b"\n", 1)[0].removeprefix(b"\xef\xbb\xbf").strip()
    if first.startswith(b"Id,"):
        return "fitbit-csv"
    if b"atena_no" in first.split(b","):
        return "checkup-csv"
    return None


def _of_json(head: bytes) -> str | None:
    if b'"dataPoints"' in head or b'"rollupDataPoints"' in head or head.strip() in (b"{}", b"[]"):
        return "google-health-json"
    if any(member in head for member in _FITBIT_MEMBERS):
        return "fitbit-json"
    return None


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            raw = stream.read(_HEAD)
        if raw[:2] == b"\x1f\x8b":
            return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(raw, _HEAD)
    except (OSError, zlib.error, gzip.BadGzipFile):
        return b""
    return raw
