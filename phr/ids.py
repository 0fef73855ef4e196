"""Identifiers: people, sources, and Observations that are derived from chunks.

An Observation's id is the base64 (with ``-`` and ``.``, the two signs that FHIR allows) of 36 bytes:
format 1, a zero, the number of its target (code and channel) in 2 bytes, person 16 bytes, source 8 bytes, start 8 bytes (microseconds, signed).
It is 48 characters long, stable for ever, and holds no value.
"""

from __future__ import annotations

import base64
import re
import struct
import uuid
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

PEOPLE: Final = uuid.UUID("5c0ffee5-0c17-5a1d-9e77-70e0b1e0c0de")
_SOURCES: Final = uuid.UUID("6b1d9a52-7f0e-5c43-8f5d-9a3b7a3c1d11")
_FORMAT: Final = 1
_LAYOUT: Final = struct.Struct(">BBH16s8sq")
_FHIR: Final = b"-."
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_OURS: Final = re.compile(r"[A-Za-z0-9\-.]{48}", re.ASCII)


def person_id(patient_id: str) -> uuid.UUID:
    """The person behind a FHIR Patient id: the id itself when it is a UUID, else one derived from it."""
    try:
        return uuid.UUID(patient_id) if len(patient_id) == 36 else uuid.uuid5(PEOPLE, patient_id)
    except ValueError:
        return uuid.uuid5(PEOPLE, patient_id)


def source_id(key: str) -> uuid.UUID:
    """The id of a source from its key; only its first 8 bytes enter an Observation's id, so they must differ."""
    return uuid.uuid5(_SOURCES, key)


def new_id() -> uuid.UUID:
    """A random identifier."""
    return uuid.uuid4()


def hard_to_guess(text: str) -> bool:
    """Whether an id that somebody chose is a UUID: who has not seen it cannot name it, and it says nothing."""
    return _UUID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class ObservationKey:
    """What an Observation's id says: whose, what (the number of its target), source and instant."""

    person: uuid.UUID
    target: int
    source_head: bytes
    start_us: int


def observation_ids(
    person: uuid.UUID, target: int, source: uuid.UUID, start_us: npt.NDArray[np.int64]
) -> list[str]:
    """The ids of the Observations that start at ``start_us`` (n)."""
    head = struct.pack(">BBH16s8s", _FORMAT, 0, target, person.bytes, source.bytes[:8])
    prefix = base64.b64encode(head[:27], _FHIR)
    rest = np.empty((len(start_us), 9), dtype=np.uint8)
    rest[:, 0] = head[27]
    rest[:, 1:] = start_us.astype(">i8").view(np.uint8).reshape(-1, 8)
    tail = base64.b64encode(rest.tobytes(), _FHIR)
    first = prefix.decode()
    text = tail.decode()
    return [first + text[i : i + 12] for i in range(0, len(text), 12)]


def parse_observation_id(text: str) -> ObservationKey | None:
    """What the id says, or None when it is not one of ours."""
    if _OURS.fullmatch(text) is None:
        return None
    raw = base64.b64decode(text, altchars=_FHIR, validate=True)
    version, zero, target, person, source, start = _LAYOUT.unpack(raw)
    if version != _FORMAT or zero:
        return None
    return ObservationKey(uuid.UUID(bytes=person), target, source, start)
