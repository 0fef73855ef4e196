"""Reads national check-up files (特定健診 XML, HL7 CDA R2): one file, a folder, or the archive that institutions exchange.

The archive (送付用アーカイブ仕様) is ``sender_receiver_day_kind.zip`` with the check-ups in ``DATA``, an index, a summary, the
settlements in ``CLAIMS`` and the schemas in ``XSD``; only the check-ups are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from ingest.files.checkup_batches import Form, batches
from ingest.files.checkup_cda import delivered
from ingest.files.checkup_tree import MAX_BYTES
from ingest.series import Batch

COVERAGE: Final = frozenset({"checkup"})
_FORM: Final = Form(".xml", MAX_BYTES, delivered)


def read(path: Path, *, zone: ZoneInfo, mark: str = "") -> Iterator[Batch]:
    """One batch for each file; ``person_key`` is a hash of who the file says was examined.

    Raises: BadPayload, naming the file, when one is damaged, or has a document type or another encoding than UTF-8;
    NotOfThisFormat, when none is a check-up.
    """
    yield from batches(_FORM, path, zone, mark)
