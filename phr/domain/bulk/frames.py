"""Frames of a bulk file: lines that are compressed together, with a list that says whose each part is.

A file is a row of frames. A frame is the length of its list and of its lines (4 bytes each, big end first), the CRC-32 of
its lines, the list (MessagePack) and the lines as blocks of deflate (RFC 1951) that end on a byte and are not the last.
Such blocks in a row, between the head and the end of a gzip file, are one (RFC 1952): a frame whose every line may be
handed out is handed out as it lies there. Else it is opened, and the parts that may not be told are cut out.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Final
from uuid import UUID

import msgspec

from phr.errors import PhrError

_HEAD: Final = struct.Struct(">III")
_LARGEST: Final = 1 << 30
_RAW: Final = -15  # zlib's number for deflate without a head, with the largest window
_GZIP_HEAD: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
_LAST_BLOCK: Final = b"\x03\x00"
_POLYNOMIAL: Final = 0xEDB88320
_ONE: Final = 1 << 31


class Broken(PhrError):
    """The bytes are not those of a bulk file."""


class Part(msgspec.Struct, frozen=True, array_like=True):
    """Some lines together in a frame: whose, in which consent category, from which row of the store.

    kind: ``chunk`` (item and place: code, day and source), ``document`` (item: its id), or ``free`` for lines about the
    export itself, which nothing can take back. type: the FHIR type.
    """

    kind: str
    person: UUID
    category: str
    type: str
    item: str
    place: str
    size: int
    lines: int


class Frame(msgspec.Struct, frozen=True):
    """Some lines: what they are, as blocks of deflate, and the CRC-32 of the plain bytes."""

    parts: list[Part]
    blocks: bytes
    crc: int

    @property
    def size(self) -> int:
        """Plain bytes."""
        return sum(one.size for one in self.parts)


def frame(parts: Sequence[Part], body: bytes) -> Frame:
    """The frame of these parts, whose lines follow each other in the body."""
    packer = zlib.compressobj(1, zlib.DEFLATED, _RAW)
    return Frame(list(parts), packer.compress(body) + packer.flush(zlib.Z_FULL_FLUSH), zlib.crc32(body))


def pack(one: Frame) -> bytes:
    """The bytes of a frame."""
    listed = msgspec.msgpack.encode(one.parts)
    return _HEAD.pack(len(listed), len(one.blocks), one.crc) + listed + one.blocks


def lines(one: Frame) -> bytes:
    """The plain lines of a frame. Raises Broken."""
    try:
        body = zlib.decompressobj(_RAW).decompress(one.blocks)
    except zlib.error as error:
        raise Broken("a frame cannot be opened") from error
    if len(body) != one.size or zlib.crc32(body) != one.crc:
        raise Broken("a frame holds something else than it says")
    return body


def unpack(pieces: Iterable[bytes]) -> Iterator[Frame]:
    """The frames in a stream of bytes. Raises Broken where it ends within one."""
    held = bytearray()
    stream = iter(pieces)
    while _filled(held, stream, _HEAD.size):
        listed, blocks, crc = _HEAD.unpack_from(held)
        start, end = _HEAD.size + listed, _HEAD.size + listed + blocks
        if end > _LARGEST or not _filled(held, stream, end):
            raise Broken("a file ends within a frame")
        try:
            parts = msgspec.msgpack.decode(bytes(held[_HEAD.size : start]), type=list[Part])
        except msgspec.DecodeError as error:
            raise Broken("a frame has no list") from error
        yield Frame(parts, bytes(held[start:end]), crc)
        del held[:end]
    if held:
        raise Broken("a file ends within a frame")


def _filled(held: bytearray, stream: Iterator[bytes], size: int) -> bool:
    while len(held) < size:
        piece = next(stream, None)
        if piece is None:
            return False
        held += piece
    return True


def kept(one: Frame, allowed: Sequence[bool]) -> Frame | None:
    """The frame with the parts that are allowed; None when there are none."""
    if all(allowed):
        return one
    if not any(allowed):
        return None
    body, found, at = lines(one), [], 0
    for part, ok in zip(one.parts, allowed, strict=True):
        if ok:
            found.append(body[at : at + part.size])
        at += part.size
    return frame([part for part, ok in zip(one.parts, allowed, strict=True) if ok], b"".join(found))


def gzipped(frames: Iterable[Frame]) -> Iterator[bytes]:
    """The frames as one gzip file, without opening them."""
    yield _GZIP_HEAD
    crc = size = 0
    for one in frames:
        yield one.blocks
        crc = _product(_shift(one.size), crc) ^ one.crc
        size += one.size
    yield _LAST_BLOCK + struct.pack("<II", crc, size & 0xFFFFFFFF)


def _product(left: int, right: int) -> int:
    """The product of two polynomials over the two numbers 0 and 1, modulo that of CRC-32; the highest bit is one."""
    found, bit = 0, _ONE
    while bit:
        if left & bit:
            found ^= right
        right = (right >> 1) ^ _POLYNOMIAL if right & 1 else right >> 1
        bit >>= 1
    return found


@cache
def _power(exponent: int) -> int:
    """What 2 to the exponent bits of zeros multiply a CRC-32 by."""
    return _ONE >> 1 if exponent == 0 else _product(_power(exponent - 1), _power(exponent - 1))


def _shift(size: int) -> int:
    """What so many bytes behind it multiply a CRC-32 by."""
    found = _ONE
    for exponent in range(size.bit_length()):
        if size >> exponent & 1:
            found = _product(_power(exponent + 3), found)
    return found
