"""What the box says: one word a line for people beside it, and a log without values, cards or names."""

from __future__ import annotations

import os
import sys


class Display:
    """Writes to the log (stderr) and, where there is one, to the display: a device, FIFO or file of lines."""

    def __init__(self, path: str = "") -> None:
        self._path = path
        self._last = ""

    def log(self, words: str) -> None:
        """One line for whoever keeps the box."""
        print(words, file=sys.stderr, flush=True)  # noqa: T201 - the journal is the box's log

    def state(self, words: str) -> None:
        """A state, told when it begins."""
        if words != self._last:
            self._last = words
            self.log(words)

    def show(self, word: str) -> None:
        """One word for whoever stands there. A display that is gone or does not read costs nothing."""
        if not self._path:
            return
        try:
            flags = os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY
            target = os.open(self._path, flags)
        except OSError:
            return
        try:
            os.write(target, word.encode() + b"\n")
        except OSError:
            return
        finally:
            os.close(target)

    def alarm(self, grave: str, text: str) -> None:
        """An alarm that the service found: which text to show, and never the value."""
        self.log(f"alarm: {grave}")
        self.show(f"alarm {grave} {text}".rstrip())
