"""Writes FIT files from the specification: a header, definitions, little-endian records, and checksums."""

from __future__ import annotations

import struct

EPOCH = 631_065_600
_SIZES = {0x00: "B", 0x01: "b", 0x02: "B", 0x83: "h", 0x84: "H", 0x85: "i", 0x86: "I", 0x88: "f"}
ENUM, UINT8, SINT16, UINT16, UINT32, FLOAT32 = 0x00, 0x02, 0x83, 0x84, 0x86, 0x88
_TABLE = (
    0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401,
    0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400,
)  # fmt: skip


def checksum(data):
    """The CRC-16 of the FIT protocol, by half bytes."""
    crc = 0
    for byte in data:
        for half in (byte & 0xF, byte >> 4):
            crc = (crc >> 4) ^ _TABLE[crc & 0xF] ^ _TABLE[half]
    return crc


def message(number, *fields):
    """A definition and one record; a field is (number, base type, value)."""
    definition = struct.pack("<BBBHB", 0x40, 0, 0, number, len(fields))
    record = b"\x00"
    for field, base, value in fields:
        packed = struct.pack("<" + _SIZES[base], value)
        definition += struct.pack("<BBB", field, len(packed), base)
        record += packed
    return definition + record


def fit(*messages):
    """A whole file."""
    body = b"".join(messages)
    head = struct.pack("<BBHI4s", 14, 0x20, 2132, len(body), b".FIT")
    head += struct.pack("<H", checksum(head))
    return head + body + struct.pack("<H", checksum(head + body))


def seconds(epoch):
    """Seconds since 1970 as FIT counts them."""
    return epoch - EPOCH
