"""Reads FIT files, Garmin's binary format: activities, all-day monitoring, sleep, scales and blood pressure monitors.

The bytes are decoded by fitdecode, with its checksums. A file with a wrong checksum, cut off, or with a chained
part that is no FIT is refused as a whole: FIT messages depend on those before them, so nobody can say which of
them a damage left intact. Developer fields have no agreed meaning and are ignored, positions are never read.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import fitdecode
from fitdecode.records import FitDataMessage, FitHeader

from ingest.errors import BadPayload, NotOfThisFormat
from ingest.files.exported import Findings, Part, batches, plain_bytes
from ingest.files.garmin_messages import COVERAGE, Segment
from ingest.files.source import MEGABYTE, Entry
from ingest.series import Batch

__all__ = ["COVERAGE", "read"]

MAX_BYTES: Final = 32 * MEGABYTE
MAX_FIELDS: Final = 6_000_000
"""Messages and their fields of one file. A day of one-second records with twenty fields has 1.8 million."""

CHECKSUMS: Final = fitdecode.CrcCheck.RAISE

_SIGNATURE: Final = slice(8, 12)
_SMALLEST: Final = 14
"""A header of 12 bytes and a checksum."""


def read(path: Path, *, zone: ZoneInfo, mark: str = "") -> Iterator[Batch]:
    """The measurements of a file, folder or zip, one batch for each file; files of other formats are counted.

    Raises: BadPayload, naming the file.
    """
    return batches(path, lambda entry: _decode(entry, zone), mark=mark)


def _decode(entry: Entry, zone: ZoneInfo) -> Iterator[Part]:
    yield decode(plain_bytes(entry, MAX_BYTES), zone=zone, file=entry.name), entry.before + entry.size


def decode(payload: bytes, *, zone: ZoneInfo, file: str = "") -> Findings:
    """All chained parts of one file.

    Raises: NotOfThisFormat, without the signature of FIT; BadPayload, for any damage and for insane sizes.
    """
    if len(payload) < _SMALLEST or payload[_SIGNATURE] != b".FIT":
        raise NotOfThisFormat("no FIT signature", field="header", file=file)
    found = Findings()
    segment = Segment(zone, found)
    for frame in _frames(payload, file):
        if isinstance(frame, FitHeader):
            segment.close()
            segment = Segment(zone, found)
        elif isinstance(frame, FitDataMessage):
            segment.take(frame)
    segment.close()
    return found


def _frames(payload: bytes, file: str) -> Iterator[Any]:
    """The frames that the library finds; whatever it raises on bytes becomes the one typed refusal."""
    work = 0
    try:
        # Without a processor values stay numbers; unknown developer fields are no error.
        with fitdecode.FitReader(
            io.BytesIO(payload),
            processor=None,
            check_crc=CHECKSUMS,
            error_handling=fitdecode.ErrorHandling.IGNORE,
        ) as reader:
            for frame in reader:
                work += 1 + len(getattr(frame, "fields", ()))
                _bounded(work, file)
                yield frame
    except BadPayload:
        raise
    except fitdecode.FitCRCError as error:
        raise BadPayload("the checksum is wrong", field="crc", file=file) from error
    except fitdecode.FitEOFError as error:
        raise BadPayload("cut off", field="messages", file=file) from error
    except (
        Exception
    ) as error:  # the library raises what the bytes provoke: struct, key, type and other errors
        raise BadPayload("damaged", field="messages", file=file) from error


def _bounded(work: int, file: str) -> None:
    if work > MAX_FIELDS:
        raise BadPayload(f"more than {MAX_FIELDS} fields", field="messages", file=file)
