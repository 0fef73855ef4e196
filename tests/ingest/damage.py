"""Damage to a sound file, and the promise that a reader keeps whatever is done to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from ingest.errors import BadPayload


def damaged(data: st.DataObject, sound: bytes) -> bytes:
    """Bytes of a sound file replaced, inserted and removed."""
    body = bytearray(sound)
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
        body = body or bytearray(b"x")
    return bytes(body)


def assert_total(read: Callable[[Path], Any], file: Path, body: bytes) -> None:
    """Reading ends with rows, or with a BadPayload that names field and file; nothing else is raised."""
    file.write_bytes(body)
    refused = BadPayload("", field="none", file=file.name)
    try:
        read(file)
    except BadPayload as error:
        refused = error
    assert refused.field
    assert refused.file
