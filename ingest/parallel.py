"""Reads large files with several decoder processes: the same batches in the same order as one after another."""

from __future__ import annotations

import atexit
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import IO, Any, Final, cast
from zoneinfo import ZoneInfo

from ingest import wire
from ingest.decoder import PAYLOADS, decode
from ingest.errors import Transient
from ingest.files.parts import fitting
from ingest.registry import FORMATS
from ingest.series import Batch

WORTHWHILE: Final = 4 << 20
"""Smaller input is read sooner than a process is asked."""
STARTING: Final = 32 << 20
"""Input from which on it pays to start the processes, which takes as long as reading some megabytes."""
_MOST: Final = 4  # processes: the database and the receiving process want the other cores
_AHEAD: Final = 32  # parts asked for before the oldest is taken
_AHEAD_BYTES: Final = 64 << 20  # and their bytes, so that memory stays bounded


def read(name: str, path: Path, *, zone: ZoneInfo, mark: str = "") -> Iterator[Batch]:
    """The batches of a file or folder, like ``Format.read``, with decoder processes where that is faster.

    Raises: BadPayload like the format's reader; Transient when a decoder process ends before it has answered.
    """
    parts = _parts(name, path, mark)
    pool = _pool() if parts is not None and zone.key is not None else None
    if parts is None or pool is None:
        return FORMATS[name].read(path, zone=zone, mark=mark)
    found = _batches(pool, name, parts, zone)
    return fitting(found, path, mark) if PAYLOADS[name] == "Part" else found


def _parts(name: str, path: Path, mark: str) -> Iterator[Any] | None:
    """The parts of a file that is large enough to be shared out."""
    if name not in PAYLOADS:
        return None
    parts = import_module(FORMATS[name].module).payloads(path, mark=mark)
    first = next(parts, None)
    needed = WORTHWHILE if os.getpid() in _pools else STARTING
    if first is None or first.total < needed:
        parts.close()
        return None
    return chain([first], parts)


def _batches(pool: Pool, name: str, parts: Iterator[Any], zone: ZoneInfo) -> Iterator[Batch]:
    """Asks for parts ahead, and gives the answers in the order of the parts."""
    waiting: deque[tuple[Any, Future[wire.Answer]]] = deque()
    weight = 0
    problem: Exception | None = None
    try:
        while True:
            while problem is None and (
                len(waiting) <= pool.size or (len(waiting) < _AHEAD and weight < _AHEAD_BYTES)
            ):
                try:
                    part = next(parts)
                except StopIteration:
                    break
                except Exception as error:  # noqa: BLE001 - raised in its place, after what was read before it
                    problem = error
                    break
                waiting.append((part, pool.ask(wire.pack_job(name, zone.key, part))))
                weight += part.weight
            if not waiting:
                break
            part, future = waiting.popleft()
            found = future.result()
            weight -= part.weight
            yield from decode(name, part, zone) if found.failed else found.take()
        if problem is not None:
            raise problem
    finally:
        for _, future in waiting:
            future.cancel()


class Pool:
    """Some decoder processes, each started when it is first needed."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._idle: queue.LifoQueue[subprocess.Popen[bytes] | None] = queue.LifoQueue()
        for _ in range(size):
            self._idle.put(None)
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="decoder")

    def ask(self, frame: bytes) -> Future[wire.Answer]:
        """Sends a job to the next idle process."""
        return self._threads.submit(self._ask, frame)

    def _ask(self, frame: bytes) -> wire.Answer:
        process = self._idle.get()
        reply = None
        try:
            if process is None or process.poll() is not None:
                process = _start()
            reply = _exchange(process, frame)
        except OSError:
            reply = None
        finally:
            if reply is None and process is not None:
                _end(process)
            self._idle.put(process if reply is not None else None)
        if reply is None:
            raise Transient("a decoder process ended before it had answered; a repeat may go through")
        return wire.unpack_answer(reply)

    def close(self) -> None:
        """Ends the processes."""
        self._threads.shutdown(cancel_futures=True)
        while not self._idle.empty():
            process = self._idle.get()
            if process is not None:
                _end(process)


def _start() -> subprocess.Popen[bytes]:
    """A decoder process. It finds this package where this process found it."""
    home = str(Path(__file__).resolve().parents[1])
    paths = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(
        [sys.executable, "-m", "ingest.decoder"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": paths},
    )


def _exchange(process: subprocess.Popen[bytes], frame: bytes) -> bytes | None:
    wire.write(cast("IO[bytes]", process.stdin), frame)
    return wire.read(cast("IO[bytes]", process.stdout))


def _end(process: subprocess.Popen[bytes]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            try:
                stream.close()
            except OSError:  # the process ended with a job unread
                continue
    try:
        process.wait(1)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


_pools: dict[int, Pool] = {}
_making = threading.Lock()


def _pool() -> Pool | None:
    """The processes of this process (a fork makes its own), or None on one core."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cores < 2 or not sys.executable:
        return None
    with _making:
        own = os.getpid()
        if own not in _pools:
            _pools[own] = Pool(min(cores, _MOST))
        return _pools[own]


@atexit.register
def _close() -> None:
    pool = _pools.pop(os.getpid(), None)
    if pool is not None:
        pool.close()
