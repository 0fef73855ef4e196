"""The card and QR reader: lines that it types, from standard input, a FIFO or a line device."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ingest.errors import Permanent, Transient
from ingest.gateway.cards import LONGEST, code_of

_CHUNK: Final = 4096


class Lines:
    """Puts bytes together to lines; what is too long for a card is thrown away."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, part: bytes) -> list[str]:
        """The whole lines that are there now."""
        *lines, self._held = (self._held + part).replace(b"\r", b"\n").split(b"\n")
        if len(self._held) > LONGEST:
            self._held = b"?" * LONGEST  # its end must not look like a code
        return [line.decode("ascii", "replace") for line in lines if 0 < len(line) <= LONGEST]


def _open(reader: str) -> int:
    if reader == "stdin":
        return os.dup(sys.stdin.fileno())
    try:
        kind = Path(reader).stat().st_mode
        # A FIFO that is also open for writing does not end when a reader goes away.
        access = os.O_RDWR if stat.S_ISFIFO(kind) else os.O_RDONLY
        return os.open(reader, access | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise Transient("cards.reader: cannot be opened") from error


async def read_cards(reader: str, shown: Callable[[str], None]) -> None:
    """Calls ``shown`` with each code until the reader ends; with '' for a line that is no card."""
    loop = asyncio.get_running_loop()
    source = _open(reader)
    ended = asyncio.Event()
    lines = Lines()

    def ready() -> None:
        try:
            part = os.read(source, _CHUNK)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        for line in lines.feed(part):
            shown(code_of(line))
        if not part:
            loop.remove_reader(source)
            ended.set()

    try:
        try:
            loop.add_reader(source, ready)
        except OSError as error:  # a plain file cannot be waited for
            raise Permanent("cards.reader: is neither standard input, a FIFO nor a line device") from error
        await ended.wait()
    finally:
        loop.remove_reader(source)
        os.close(source)
