"""Blood Pressure Record (2B36): a stored measurement as version 1.1 of the service hands it out, with its sequence number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from ingest.ble.decode import blood_pressure
from ingest.ble.decode.crc import crc16
from ingest.ble.decode.cursor import Cursor, Flags, closed
from ingest.ble.reading import Reading
from ingest.errors import BadPayload

_FIRST, _LAST = 0x01, 0x02
_CRC_BYTES: Final = 2
_CONTAINED: Final[Mapping[int, Callable[[bytes], Reading]]] = {
    0x2A35: blood_pressure.measurement,
    0x2A36: blood_pressure.intermediate,
    0x2B34: blood_pressure.enhanced,
    0x2B35: blood_pressure.enhanced_intermediate,
}


def record(payload: bytes) -> Reading:
    """2B36. A record in several segments is kept raw as ``segment``: no cuff is known that sends one."""
    cursor = Cursor(payload)
    header, sequence, contained = (
        cursor.u8("segment_header"),
        cursor.u16("sequence_number"),
        cursor.u16("uuid"),
    )
    flags: Flags = {"segment": header >> 2, "contains": f"{contained:04X}"}
    if header & (_FIRST | _LAST) != _FIRST | _LAST:
        cursor.rest()
        return closed("2B36", cursor, flags, sequence=sequence, unusable="segment")
    decoder = _CONTAINED.get(contained)
    if decoder is None:
        raise BadPayload("contains no blood pressure", field="uuid")
    inner = decoder(cursor.rest())
    flags |= inner.flags
    if flags.get("trailing_bytes") == _CRC_BYTES:
        del flags["trailing_bytes"]
        flags["crc"] = int.from_bytes(payload[-_CRC_BYTES:], "little")
        if flags["crc"] != crc16(payload[:-_CRC_BYTES]):
            raise BadPayload("the check does not agree with the bytes", field="e2e_crc")
    return replace(inner, characteristic="2B36", raw=payload, sequence=sequence, flags=flags)
