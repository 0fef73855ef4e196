"""End-to-end check of the glucose profiles: CRC-16/MCRF4XX, which is the CRC-CCITT of Python with the bits turned round."""

from __future__ import annotations

import binascii
from typing import Final

_TURNED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def crc16(data: bytes) -> int:
    """The check of the bytes before it (polynomial 0x1021 reflected, from 0xFFFF, nothing added at the end).

    >>> hex(crc16(b"123456789"))
    '0x6f91'
    """
    turned = binascii.crc_hqx(data.translate(_TURNED), 0xFFFF)
    return int.from_bytes(turned.to_bytes(2, "big").translate(_TURNED), "little")
