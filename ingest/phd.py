"""Identifiers of the HL7 Personal Health Device guide: a reading is named by its device, its person, what it is and the device's own time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from ingest.codes import MDC, VITALS, Vital
from ingest.series import Micros, Seconds

SYSTEM_ID: Final = "urn:oid:1.2.840.10004.1.1.1.0.0.1680"
"""The system of a device's identifier that is its IEEE 11073 System ID, an EUI-64."""
_EPOCH: Final = 946_684_800  # seconds: 2000-01-01, of the device's own clock
_QUARTER: Final = 900  # seconds: the unit of an offset
_MICRO: Final = 1_000_000
_DEVICE: Final = "([0-9A-F]{16}|[0-9A-F]{12})"
_STAMP: Final = r"([1-9]\d{7,9})([+-]\d{1,2})?"
_SAID: Final = re.compile(_DEVICE + r"-(.{1,64})-([1-9]\d{3,6})-" + _STAMP, re.ASCII)
_OWN: Final = re.compile(_STAMP, re.ASCII)
ZONED: Final = "+"
"""Ends the form of a device that says its offset from UTC."""


class Said(NamedTuple):
    """What an identifier says: the form of its device (System ID, and ``+`` where it says its zone), and the device's time.

    stamp: seconds of the device's clock since 2000; quarters: its offset in quarters of an hour, 0 where it says none.
    """

    form: str
    stamp: int
    quarters: int


class _Identifier(msgspec.Struct, forbid_unknown_fields=True):
    value: str


_IDENTIFIERS: Final = msgspec.json.Decoder(tuple[_Identifier])


def type_of(vital: Vital) -> str:
    """The number of what a reading is, in the nomenclature of ISO 11073-10101; "" where devices of the guide measure no such thing."""
    return next((one.code for one in vital.codings if one.system == MDC), "")


_BY_TYPE: Final = {type_of(vital): key for key, vital in VITALS.items() if type_of(vital)}


def said(raw: bytes, subject: str, vital: Vital) -> Said | None:
    """What ``Observation.identifier`` says, where it is one of the guide for this person and kind; None for any other."""
    try:
        (one,) = _IDENTIFIERS.decode(raw)
    except (ValueError, RecursionError):
        return None
    device, _, rest = one.value.partition("-")
    patient, kind = subject.removeprefix("Patient/"), type_of(vital)
    head = f"{patient}-{kind}-"
    if not patient or not kind or not rest.startswith(head) or re.fullmatch(_DEVICE, device) is None:
        return None
    own = _OWN.fullmatch(rest, len(head))
    if own is None:
        return None
    return Said(device + (ZONED if own[2] else ""), int(own[1]), int(own[2] or 0))


def named(value: str) -> tuple[str, int] | None:
    """The vital that an identifier can only mean, and about when: microseconds as if the device's clock were UTC."""
    found = _SAID.fullmatch(value)
    key = None if found is None else _BY_TYPE.get(found[3])
    return None if found is None or key is None else (key, (int(found[4]) + _EPOCH) * _MICRO)


def stamps(start: Micros, offset: Seconds) -> Micros:
    """Seconds since 2000 of a clock that shows local time (n); -1 where it would need a fraction."""
    seconds = start // _MICRO + offset.astype(np.int64) - _EPOCH
    return np.where(start % _MICRO == 0, seconds, -1)


def holds(
    form: str, given: Micros, quarters: Micros, start: Micros, offset: Seconds
) -> npt.NDArray[np.bool_]:
    """Whether the identifier that is written for each row is the one that came with it (n)."""
    zoned = offset.astype(np.int64) == quarters * _QUARTER if form.endswith(ZONED) else quarters == 0
    return np.asarray((stamps(start, offset) == given) & zoned)


def identifiers(form: str, subject: str, vital: Vital, start: Micros, offset: Seconds) -> Iterator[bytes]:
    """The element ``identifier`` of each row, with the comma that follows it."""
    parts = form.removesuffix(ZONED), subject.removeprefix("Patient/"), type_of(vital)
    head = b'"identifier":[{"value":' + msgspec.json.encode("-".join((*parts, "")))[:-1]
    own = stamps(start, offset).tolist()
    if not form.endswith(ZONED):
        return (head + b'%d"}],' % one for one in own)
    quarters = (offset // _QUARTER).tolist()
    return (head + b'%d%+d"}],' % pair for pair in zip(own, quarters, strict=True))
