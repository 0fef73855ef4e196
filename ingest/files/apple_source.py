"""Who recorded an Apple Health value: a source that stays the same from record to record and export to export."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from ingest.files.columns import tidy
from ingest.series import Source

_LONGEST: Final = 2_000
_NAMES: Final = (
    "name|manufacturer|model|hardware|firmware|software|localIdentifier|UDIDeviceIdentifier|creation date"
)
# Commas stand inside values too (``Watch2,4``), so a value ends where the next name begins.
_FIELD: Final = re.compile(rf"(?:^|, )(name|manufacturer|model|hardware):(.*?)(?=, (?:{_NAMES}):|>?$)")
_APPLE: Final = re.compile(r"(Apple\s?Watch|iPhone|iPad|iPod)", re.IGNORECASE)


def source_of(name: str, device: str) -> Source:
    """The source of a record, from its ``sourceName`` and ``device``.

    The device text begins with a memory address that differs in every export, and tells a software version that
    differs after every update: neither counts. The name of a phone or watch often holds its owner's name: the key
    holds a digest of it, and the label names the device.

    >>> source_of("Hanako's Watch", "<<HKDevice: 0x28>, name:Apple Watch, model:Watch, hardware:Watch2,4>").key
    'apple-health|7a48438408|Watch2,4|unknown'
    """
    fields = dict(_FIELD.findall(device[:_LONGEST].replace("\n", " ")))
    made_by, model = fields.get("manufacturer", ""), fields.get("name", "") or fields.get("model", "")
    hardware = tidy(fields.get("hardware", "") or model)
    digest = hashlib.sha256(name[:_LONGEST].encode("utf-8", "replace")).hexdigest()[:10]
    known = _APPLE.search(name)
    if known:
        label = tidy(known[1])
    elif made_by.startswith("Apple") or not name:
        label = tidy(model) or "Apple Health"
    else:
        label = tidy(name)
    shown = tidy(model if model.startswith(made_by) else f"{made_by} {model}")
    return Source(f"apple-health|{digest}|{hardware}|unknown", label, "apple-health", shown, "unknown")
