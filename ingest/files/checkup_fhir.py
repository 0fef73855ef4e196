"""Reads eCheckup documents (FHIR Bundles of check-up reports): one file, a folder or a zip; one person in each file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from ingest.files.checkup_batches import Form, batches
from ingest.files.checkup_bundle import delivered
from ingest.files.source import MEGABYTE
from ingest.series import Batch

COVERAGE: Final = frozenset({"checkup"})
MAX_BYTES: Final = 16 * MEGABYTE
_FORM: Final = Form(".json", MAX_BYTES, delivered)


def read(path: Path, *, zone: ZoneInfo, mark: str = "") -> Iterator[Batch]:
    """One batch for each file; ``person_key`` is a hash of who the file says was examined.

    Raises: BadPayload, naming the file, when one is damaged; NotOfThisFormat, when none is an eCheckup document.
    """
    yield from batches(_FORM, path, zone, mark)
