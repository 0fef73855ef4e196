"""A decoder process: jobs come in on standard input, answers go out on standard output, until the input ends."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import IO, Any, Final
from zoneinfo import ZoneInfo

import msgspec

from ingest import wire
from ingest.errors import BadPayload
from ingest.registry import FORMATS
from ingest.series import Batch

PAYLOADS: Final = {"google-health-json": "Part", "fitbit-json": "Part", "fhir-ndjson": "Block"}
"""The formats whose files fall into parts, and what their modules call one."""


def decode(name: str, payload: Any, zone: ZoneInfo) -> Iterator[Batch]:
    """The batches of a part of a file of a format."""
    batches: Iterator[Batch] = import_module(FORMATS[name].module).decode_payload(payload, zone)
    return batches


def answer(frame: bytes) -> bytes:
    """The answer to a job; never raises for what a payload holds."""
    batches: list[Batch] = []
    try:
        job = wire.unpack_job(frame)
        kind = getattr(import_module(FORMATS[job.name].module), PAYLOADS[job.name])
        payload = msgspec.msgpack.decode(job.payload, type=kind)
        batches.extend(decode(job.name, payload, ZoneInfo(job.zone)))
    except BadPayload as error:
        return wire.pack_answer(batches, wire.Refusal(error.problem, error.field, error.file))
    except Exception:  # noqa: BLE001 - the asking process decodes the part again and raises the same there
        return wire.pack_answer([], failed=True)
    return wire.pack_answer(batches)


def serve(jobs: IO[bytes], answers: IO[bytes]) -> None:
    """Answers jobs until there are no more."""
    while (frame := wire.read(jobs)) is not None:
        wire.write(answers, answer(frame))
        gc.collect(1)


def main() -> None:
    """Runs until the process that started it closes the input or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who started it decides; the end of input ends this
    gc.disable()  # a job makes many small objects and few circles; these are collected after it
    for name in PAYLOADS:
        import_module(FORMATS[name].module)
    jobs, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing that a library prints may fall between the answers
    try:
        serve(jobs, answers)
    except BrokenPipeError:
        sys.exit(1)


if __name__ == "__main__":
    main()
