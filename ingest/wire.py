"""Batches and jobs as bytes between this process and its decoders: MessagePack, columns as they lie in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Final, NoReturn

import msgspec
import numpy as np
import numpy.typing as npt

from ingest.errors import BadPayload
from ingest.series import Batch, Reject, Series, Source

_LENGTH: Final = 8  # bytes that tell the length of a frame


class Job(msgspec.Struct, array_like=True, gc=False):
    """One part of a file to decode: the format's name, the zone, and the payload as its format packs it."""

    name: str
    zone: str
    payload: msgspec.Raw


class _Column(msgspec.Struct, array_like=True, gc=False):
    """A column: its numbers, or one number that all rows share."""

    dtype: str
    rows: int
    data: bytes


class _Series(msgspec.Struct, array_like=True, gc=False):
    code: str
    source: Source
    start: _Column
    offset: _Column
    quality: _Column
    duration: _Column | None
    channels: dict[str, _Column]


class _Batch(msgspec.Struct, array_like=True, gc=False):
    series: list[_Series]
    rejects: tuple[Reject, ...]
    documents: tuple[bytes, ...]
    person_key: str | None
    mark: str
    done: int
    total: int


class Refusal(msgspec.Struct, array_like=True, gc=False):
    """A payload that was no such thing."""

    problem: str
    field: str
    file: str

    def throw(self) -> NoReturn:
        """Raises it here."""
        raise BadPayload(self.problem, field=self.field, file=self.file)


class Answer(msgspec.Struct, array_like=True, gc=False):
    """The batches of a part as far as they could be read, and why reading stopped.

    failed: the decoder met an error that it does not know; whoever asked decodes the part itself, and sees it.
    """

    batches: list[_Batch] = []
    refusal: Refusal | None = None
    failed: bool = False

    def take(self) -> Iterator[Batch]:
        """The batches; then raises what stopped the reading."""
        for batch in self.batches:
            yield _batch(batch)
        if self.refusal is not None:
            self.refusal.throw()


_ENCODER: Final = msgspec.msgpack.Encoder()
_ANSWER: Final = msgspec.msgpack.Decoder(Answer)
_JOB: Final = msgspec.msgpack.Decoder(Job)


def pack_job(name: str, zone: str, payload: msgspec.Struct) -> bytes:
    """A job as bytes."""
    return _ENCODER.encode(Job(name, zone, msgspec.Raw(_ENCODER.encode(payload))))


def unpack_job(frame: bytes) -> Job:
    """A job from bytes."""
    return _JOB.decode(frame)


def pack_answer(batches: list[Batch], refusal: Refusal | None = None, *, failed: bool = False) -> bytes:
    """An answer as bytes."""
    return _ENCODER.encode(Answer([_packed(batch) for batch in batches], refusal, failed))


def unpack_answer(frame: bytes) -> Answer:
    """An answer from bytes."""
    return _ANSWER.decode(frame)


def write(stream: IO[bytes], frame: bytes) -> None:
    """Sends a frame."""
    stream.write(len(frame).to_bytes(_LENGTH, "big"))
    stream.write(frame)
    stream.flush()


def read(stream: IO[bytes]) -> bytes | None:
    """The next frame, or None when the other side is gone."""
    head = stream.read(_LENGTH)
    if len(head) < _LENGTH:
        return None
    size = int.from_bytes(head, "big")
    frame = stream.read(size)
    return frame if len(frame) == size else None


def _column(values: npt.NDArray[np.generic]) -> _Column:
    data = values.tobytes()
    step = values.itemsize
    if len(data) > step and data[:step] * len(values) == data:
        data = data[:step]
    return _Column(values.dtype.str, len(values), data)


def _values(column: _Column) -> npt.NDArray[np.generic]:
    values: npt.NDArray[np.generic] = np.frombuffer(column.data, np.dtype(column.dtype))
    return np.repeat(values, column.rows) if len(values) < column.rows else values.copy()


def _packed(batch: Batch) -> _Batch:
    return _Batch(
        [
            _Series(
                one.code,
                one.source,
                _column(one.start),
                _column(one.offset),
                _column(one.quality),
                None if one.duration is None else _column(one.duration),
                {name: _column(values) for name, values in one.channels.items()},
            )
            for one in batch.series
        ],
        batch.rejects,
        batch.documents,
        batch.person_key,
        batch.mark,
        batch.done,
        batch.total,
    )


def _batch(packed: _Batch) -> Batch:
    return Batch(
        tuple(_series(one) for one in packed.series),
        packed.rejects,
        packed.documents,
        packed.person_key,
        packed.mark,
        packed.done,
        packed.total,
    )


def _series(one: _Series) -> Series:
    return Series(
        one.code,
        one.source,
        _values(one.start).astype(np.int64, copy=False),
        {name: _values(column).astype(np.float64, copy=False) for name, column in one.channels.items()},
        _values(one.offset).astype(np.int32, copy=False),
        _values(one.quality).astype(np.uint8, copy=False),
        None if one.duration is None else _values(one.duration).astype(np.int64, copy=False),
    )
