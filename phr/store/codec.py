"""The container of a day of samples: columns, compressed, versioned; docs/reference/chunk-format.md gives every byte."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Collection
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from pcodec import ChunkConfig, standalone

from phr.domain.samples import Columns
from phr.errors import PhrError

_MAGIC: Final = b"PC"
_VERSION: Final = 1
_HEAD: Final = struct.Struct("<2sBBI")  # magic, version, number of columns, number of rows
_COLUMN: Final = struct.Struct("<BBBqI")  # codec, bytes per number, scale, base, length of the data
_CRC: Final = struct.Struct("<I")
_CONFIG: Final = ChunkConfig(compression_level=4)
_EXACT: Final = 2**53  # whole numbers below this are exact in a float
_MOST_ROWS: Final = 2**24  # in a day: 194 a second; a damaged count asks for no memory
_SMALL: Final = 24  # fewer rows than this are cheaper raw than modelled
_CONSTANT, _RAW, _PCO, _FLOAT_RAW, _FLOAT_PCO = range(5)
_STEPS: Final = (1, 1_000, 1_000_000, 60_000_000)  # scale of times: their common step, in microseconds
_POWERS: Final = (1.0, 10.0, 100.0, 1000.0)  # scale of values: as whole tenths, hundredths, thousandths
_WIDTHS: Final[dict[int, np.dtype[Any]]] = {2: np.dtype("<i2"), 4: np.dtype("<i4"), 8: np.dtype("<i8")}
_TIMES: Final = ("start", "duration", "offset", "quality")
_ALWAYS: Final = frozenset({"start", "offset", "quality"})


class Damaged(PhrError):
    """The bytes of a chunk are not what was written."""


def encode(columns: Columns) -> bytes:
    """The bytes of a chunk. ``decode`` gives back exactly the same values."""
    parts = [
        _integers("start", columns.start),
        _integers("offset", columns.offset.astype(np.int64)),
        _integers("quality", columns.quality.astype(np.int64)),
    ]
    if columns.duration is not None:
        parts.append(_integers("duration", columns.duration))
    parts.extend(_floats(name, columns.channels[name]) for name in sorted(columns.channels))
    body = _HEAD.pack(_MAGIC, _VERSION, len(parts), len(columns)) + b"".join(parts)
    return body + _CRC.pack(zlib.crc32(body))


def _column(name: str, codec: int, width: int, scale: int, base: int, data: bytes) -> bytes:
    label = name.encode("ascii")
    return bytes((len(label),)) + label + _COLUMN.pack(codec, width, scale, base, len(data)) + data


def _integers(name: str, values: npt.NDArray[np.int64], scale: int | None = None) -> bytes:
    """A constant, or the distances from the first value in their largest common step, as narrow as they fit."""
    base = int(values[0]) if len(values) else 0
    rest = values - base
    if not rest.any():
        return _column(name, _CONSTANT, 8, scale or 0, base, b"")
    if scale is None:
        scale, rest = _in_steps(rest) if name in ("start", "duration") else (0, rest)
    bound = max(-int(rest.min()), int(rest.max()))
    width = 2 if bound < 2**15 else 4 if bound < 2**31 else 8
    narrow = rest.astype(_WIDTHS[width])
    if len(narrow) < _SMALL:
        return _column(name, _RAW, width, scale, base, narrow.tobytes())
    return _column(name, _PCO, width, scale, base, standalone.simple_compress(narrow, _CONFIG))


def _in_steps(rest: npt.NDArray[np.int64]) -> tuple[int, npt.NDArray[np.int64]]:
    """The largest step that all are multiples of, and the multiples; a few are tried before all are divided."""
    few = rest[:_SMALL]
    for scale in range(len(_STEPS) - 1, 0, -1):
        step = _STEPS[scale]
        if (few % step).any():
            continue
        steps = rest // step
        if np.array_equal(steps * step, rest):
            return scale, steps
    return 0, rest


def _floats(name: str, values: npt.NDArray[np.float64]) -> bytes:
    """Whole numbers of a decimal step where that loses nothing, else the floats themselves."""
    with np.errstate(over="ignore"):  # a product that overflows is no whole number below
        for scale, power in enumerate(_POWERS):
            near = np.rint(values * power)
            if (np.abs(near) < _EXACT).all():
                whole = near.astype(np.int64)
                if (whole / power).tobytes() == values.tobytes():  # bytes, because -0.0 equals 0.0
                    return _integers(name, whole, scale)
    if len(values) < _SMALL:
        return _column(name, _FLOAT_RAW, 8, 0, 0, values.astype("<f8").tobytes())
    return _column(name, _FLOAT_PCO, 8, 0, 0, standalone.simple_compress(values, _CONFIG))


class Packed:
    """The samples of a chunk as they are stored: rows become numbers when they are taken, a page of a day and not the day."""

    __slots__ = ("_columns", "_rows")

    def __init__(self, rows: int, columns: dict[str, _Stored]) -> None:
        self._rows = rows
        self._columns = columns

    def __len__(self) -> int:
        return self._rows

    @property
    def channels(self) -> Collection[str]:
        """The names of what was measured."""
        return [name for name in self._columns if name not in _TIMES]

    def take(self, rows: npt.NDArray[Any] | slice) -> Columns:
        """The given rows."""
        held = self._columns
        return Columns(
            start=held["start"].whole(rows),
            channels={name: held[name].value(rows) for name in self.channels},
            offset=held["offset"].whole(rows).astype(np.int32),
            quality=held["quality"].whole(rows).astype(np.uint8),
            duration=held["duration"].whole(rows) if "duration" in held else None,
        )


class _Stored(NamedTuple):
    """One column: the numbers as they are stored, and what makes values of them (power 0: they are floats already)."""

    numbers: npt.NDArray[Any]
    step: int
    base: int
    power: float

    def whole(self, rows: npt.NDArray[Any] | slice) -> npt.NDArray[np.int64]:
        """Times and marks."""
        return self.numbers[rows].astype(np.int64) * self.step + self.base

    def value(self, rows: npt.NDArray[Any] | slice) -> npt.NDArray[np.float64]:
        """Values."""
        if not self.power:
            return self.numbers[rows]
        return (self.numbers[rows].astype(np.int64) + self.base) / self.power


def decode(payload: bytes) -> Columns:
    """The samples in a chunk. Raises Damaged when a byte has changed."""
    return opened(payload).take(slice(None))


def opened(payload: bytes) -> Packed:
    """The same, of which rows can be taken. Raises Damaged as ``decode``: nothing that is taken later can fail."""
    try:
        return _opened(payload)
    except (struct.error, ValueError, RuntimeError, KeyError, IndexError, TypeError, OverflowError) as error:
        raise Damaged("a chunk cannot be read") from error


def moved(payload: bytes, microseconds: int) -> bytes:
    """The same samples so much later: only the base of the times and the checksum change. Raises Damaged as ``decode``.

    For whoever makes many days out of few, such as a benchmark: nothing is compressed again.
    """
    at = _HEAD.size + 1 + len(_TIMES[0])
    try:
        if _CRC.unpack(payload[-_CRC.size :])[0] != zlib.crc32(payload[: -_CRC.size]):
            raise Damaged("a chunk's checksum is wrong")
        codec, width, scale, base, length = _COLUMN.unpack_from(payload, at)
        column = _COLUMN.pack(codec, width, scale, base + microseconds, length)
    except struct.error as error:
        raise Damaged("a chunk cannot be read") from error
    if payload[_HEAD.size : at] != bytes((len(_TIMES[0]),)) + _TIMES[0].encode():
        raise Damaged("a chunk does not begin with its times")
    body = payload[:at] + column + payload[at + _COLUMN.size : -_CRC.size]
    return body + _CRC.pack(zlib.crc32(body))


def may_hold(payload: bytes, names: Collection[str]) -> bool:
    """Whether a chunk may have one of these columns, told without decoding: names stand in it letter for letter.

    Never no for a chunk that has one; a yes is to be checked.
    """
    return any(bytes([len(name)]) + name.encode() in payload for name in names)


def _opened(payload: bytes) -> Packed:
    body = payload[: -_CRC.size]
    if _CRC.unpack(payload[-_CRC.size :])[0] != zlib.crc32(body):
        raise Damaged("a chunk's checksum is wrong")
    magic, version, count, rows = _HEAD.unpack_from(body)
    if magic != _MAGIC or version != _VERSION:
        raise Damaged("a chunk has an unknown format")
    if rows > _MOST_ROWS:
        raise Damaged("a chunk claims more rows than a day has")
    at = _HEAD.size
    found: dict[str, _Stored] = {}
    for _ in range(count):
        size = body[at]
        name = body[at + 1 : at + 1 + size].decode("ascii")
        at += 1 + size
        codec, width, scale, base, length = _COLUMN.unpack_from(body, at)
        at += _COLUMN.size
        data = body[at : at + length]
        at += length
        found[name] = _stored(name, codec, width, scale, base, data, rows)
        if len(data) != length or len(found[name].numbers) != rows:
            raise Damaged("a column is cut or too long")
    if at != len(body) or len(found) != count or not found.keys() >= _ALWAYS:
        raise Damaged("a chunk does not hold its columns")
    return Packed(rows, found)


def _stored(name: str, codec: int, width: int, scale: int, base: int, data: bytes, rows: int) -> _Stored:
    if codec == _FLOAT_RAW:
        return _Stored(np.frombuffer(data, "<f8"), 1, 0, 0.0)
    if codec == _FLOAT_PCO:
        return _Stored(np.asarray(standalone.simple_decompress(data), np.float64), 1, 0, 0.0)
    if codec == _CONSTANT:
        numbers: npt.NDArray[Any] = np.broadcast_to(np.int8(0), rows)
    elif codec == _RAW:
        numbers = np.frombuffer(data, _WIDTHS[width])
    elif codec == _PCO:
        numbers = np.asarray(standalone.simple_decompress(data))
    else:
        raise Damaged("a chunk holds an unknown codec")
    if name in _TIMES:
        return _Stored(numbers, 1 if codec == _CONSTANT else _STEPS[scale], base, 1.0)
    return _Stored(numbers, 1, base, _POWERS[scale])
