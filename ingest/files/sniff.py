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


_MEMBERS: Final = (
    (b'"measuregrps"', "withings"),
    (b'"heartRateValues"', "garmin-json"),
    (b'"dailySleepDTO"', "garmin-json"),
    (b'"calendarDate"', "garmin-json"),
    (b'"bedtime_start"', "oura"),
    (b'"spo2_percentage"', "oura"),
    (b'"equivalent_walking_distance"', "oura"),
)
"""Members that only one maker's JSON has."""
_WITHINGS_HEADINGS: Final = (
    b'"Weight (',
    b"Weight (kg)",
    b'"Height (m)"',
    b"start,duration,value",
    b'from,to,"light (s)"',
)
_ZIPPED: Final = (
    (b"Takeout/", "fitbit-takeout"),
    (b"Fitbit/", "fitbit-takeout"),
    (b"com.samsung.", "samsung-csv"),
    (b"App Data/", "oura"),
    (b"raw_tracker_", "withings"),
    (b"apple_health_export/", "apple-health"),
    ("書き出したデータ".encode(), "apple-health"),
    (b"health_connect_export.db", "health-connect"),
    (b"ix08_V08.xml", "checkup-xml"),
    (b"DATA/h", "checkup-xml"),
)
"""Words of the names in an archive, and its format."""
_SQLITE: Final = b"SQLite format 3\x00"
_TAIL: Final = 1 << 16  # the end of an archive, where its names stand again


def format_of(path: Path) -> str | None:
    """The name of the import format of one file."""
    name = path.name.lower().removesuffix(".gz")
    head = _head(path)
    if name.endswith(".csv"):
        return "samsung-csv" if name.startswith("com.samsung.") else _of_csv(head, name)
    if head[8:12] == b".FIT":
        return "garmin-fit"
    if head.startswith(_SQLITE):
        return "health-connect"
    if name.endswith(".xml"):
        return _of_xml(head)
    if name.endswith((".ndjson", ".jsonl")):
        return _of_lines(head)
    if name.endswith(".json"):
        return _of_json(head)
    if name.endswith(".zip"):
        return _of_zip(head) or _of_zip(_tail(path))
    return None


def _of_xml(head: bytes) -> str | None:
    if b"<HealthData" in head or b"<!DOCTYPE HealthData" in head:
        return "apple-health"
    check_up = b"ClinicalDocument" in head and b"urn:hl7-org:v3" in head and b"1.2.392.200119.6.1001" in head
    return "checkup-xml" if check_up else None


def _of_zip(part: bytes) -> str | None:
    return next((found for word, found in _ZIPPED if word in part), None)


def _of_lines(head: bytes) -> str | None:
    """A record on each line."""
    if b'"resourceType"' in head:
        return "fhir-ndjson"
    if b'"dataSource"' in head:
        return "google-health-json"
    return _of_records(head)


def _of_records(head: bytes) -> str | None:
    """Records that say what they are, in a list or one by one."""
    if b'"schema_id"' in head:
        return "open-mhealth"
    return "health-connect" if b'"recordType"' in head else None


def _of_csv(head: bytes, name: str) -> str | None:
    first = head.split(b"\n", 1)[0].removeprefix(b"\xef\xbb\xbf").strip()
    if first.startswith(b"Id,"):
        return "fitbit-csv"
    if b"atena_no" in first.split(b","):
        return "checkup-csv"
    return _of_export(first, name)


def _of_export(first: bytes, name: str) -> str | None:
    """A table of a maker's export, by the words of its first line."""
    if first.lstrip(b'"').startswith(("測定日".encode(), "測定日".encode("cp932"), b"Measurement Date")):
        return "omron-csv"
    if b"Systolic (mmHg)" in first and first.startswith(b"Date,Time,"):
        return "omron-csv"
    if any(word in first for word in _WITHINGS_HEADINGS) or b"Systolic,Diastolic" in first:
        return "withings"
    if first == b"date,value" and name.startswith("aggregates_"):
        return "withings"
    if (
        b"Sleep Score" in first
        or first == b"timestamp;bpm;source"
        or (b";day;" in first and b"id" in first[:3])
    ):
        return "oura"
    return None


def _of_json(head: bytes) -> str | None:
    if b'"resourceType"' in head:
        if b'"Bundle"' not in head:
            return None
        return "checkup-fhir" if b'"53576-5"' in head and b'"document"' in head else "fhir-bundle"
    if b'"dataPoints"' in head or b'"rollupDataPoints"' in head or head.strip() in (b"{}", b"[]"):
        return "google-health-json"
    for member, found in _MEMBERS:
        if member in head:
            return found
    if any(member in head for member in _FITBIT_MEMBERS):
        return "fitbit-json"
    return _of_records(head)


def _tail(path: Path) -> bytes:
    """The end of a file that is longer than its beginning."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(_HEAD, path.stat().st_size - _TAIL))
            return stream.read(_TAIL)
    except OSError:
        return b""


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            raw = stream.read(_HEAD)
        if raw[:2] == b"\x1f\x8b":
            return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(raw, _HEAD)
    except (OSError, zlib.error, gzip.BadGzipFile):
        return b""
    return raw
