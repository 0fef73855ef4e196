"""Device Information and Battery: names (2A24 and others), System ID (2A23), PnP ID (2A50), battery (2A19)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ingest.ble.decode.cursor import Cursor, Flags, closed
from ingest.ble.reading import Reading
from ingest.errors import BadPayload

TEXTS: Final = {
    "2A29": "manufacturer",
    "2A24": "model",
    "2A25": "serial_number",
    "2A26": "firmware",
    "2A27": "hardware",
    "2A28": "software",
}
_MADE_FROM_MAC: Final = "fffe"
_VENDORS: Final = {1: "bluetooth-sig", 2: "usb"}
_CONTINUA, _VERSION_ENTRY, _REGULATION_ENTRY = 2, 1, 2


def battery(payload: bytes) -> Reading:
    """2A19: percent; more than 100 is unknown."""
    cursor = Cursor(payload)
    level = cursor.u8("battery_level")
    return closed("2A19", cursor, {"battery_percent": level} if level <= 100 else {"battery_unknown": True})


def text(characteristic: str) -> Callable[[bytes], Reading]:
    """The decoder of a name in UTF-8; padding and characters that cannot be shown fall away."""

    def decode(payload: bytes) -> Reading:
        cursor = Cursor(payload)
        try:
            sent = cursor.rest().decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadPayload("is no UTF-8 text", field=TEXTS[characteristic]) from error
        shown = "".join(c for c in sent if c.isprintable()).strip()
        return closed(characteristic, cursor, {TEXTS[characteristic]: shown})

    return decode


def system_id(payload: bytes) -> Reading:
    """2A23: eight bytes on the wire from the last to the first. All zero is no identity: take serial and model."""
    cursor = Cursor(payload)
    wire = cursor.take(8, "system_id")
    if not any(wire):
        return closed("2A23", cursor, {"system_id_unknown": True})
    eui64 = wire[::-1].hex()
    flags: Flags = {"system_id": wire.hex().upper(), "eui64": eui64.upper()}
    if eui64[6:10] == _MADE_FROM_MAC:
        mac = (eui64[:6] + eui64[10:]).upper()
        flags["address"] = ":".join(mac[at : at + 2] for at in range(0, 12, 2))
    return closed("2A23", cursor, flags)


def pnp_id(payload: bytes) -> Reading:
    """2A50: who made it, as numbers."""
    cursor = Cursor(payload)
    source, vendor = cursor.u8("vendor_id_source"), cursor.u16("vendor_id")
    product, version = cursor.u16("product_id"), cursor.u16("product_version")
    flags: Flags = {"vendor_source": source, "vendor": vendor, "product": product, "version_raw": version}
    if source in _VENDORS:
        flags["vendor_source_name"] = _VENDORS[source]
    flags["version"] = f"{version >> 8:x}.{version >> 4 & 15:x}.{version & 15:x}"
    return closed("2A50", cursor, flags)


def certification(payload: bytes) -> Reading:
    """2A2A: the IEEE 11073-20601 regulatory list, big-endian; kept as it is where it does not parse."""
    cursor = Cursor(payload)
    flags: Flags = {"regulatory_list": cursor.rest().hex()}
    try:
        flags |= _entries(payload)
    except BadPayload:
        flags["opaque"] = True
    return closed("2A2A", cursor, flags)


def _entries(payload: bytes) -> Flags:
    flags: Flags = {}
    cursor = Cursor(payload)
    count = _big(cursor, "count")
    _big(cursor, "length")
    for _ in range(count):
        body, kind = cursor.u8("body"), cursor.u8("type")
        entry = Cursor(cursor.take(_big(cursor, "length"), "entry"))
        if (body, kind) == (_CONTINUA, _VERSION_ENTRY):
            flags["continua_version"] = f"{entry.u8('major')}.{entry.u8('minor')}"
            codes = _big(entry, "count")
            _big(entry, "length")
            flags["certified"] = " ".join(str(_big(entry, "class")) for _ in range(codes))
        elif (body, kind) == (_CONTINUA, _REGULATION_ENTRY):
            flags["regulation"] = _big(entry, "regulation")
    return flags


def _big(cursor: Cursor, field: str) -> int:
    return int.from_bytes(cursor.take(2, field), "big")
