"""What writers sent and what was answered, on disk before they go on: a killed test knows as much as one that ends."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

KINDS = ("post", "bundle", "consent", "points", "letter")


def tell(text: str) -> None:
    """A line that pytest shows when a test fails, or with -s."""
    sys.stdout.write(text + "\n")


class Log:
    """Lines of a file, each flushed to the disk; and the same in memory."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        self._lock = threading.Lock()
        self.sent: dict[str, set[int]] = {kind: set() for kind in KINDS}
        self.acknowledged: dict[str, dict[int, Any]] = {kind: {} for kind in KINDS}

    def send(self, kind: str, number: int) -> None:
        """It is about to be sent."""
        with self._lock:
            self._write(["sent", kind, number, None])
            self.sent[kind].add(number)

    def answer(self, kind: str, number: int, what: Any = None) -> None:
        """It was answered with success."""
        with self._lock:
            self._write(["acknowledged", kind, number, what])
            self.acknowledged[kind][number] = what

    def _write(self, line: list[Any]) -> None:
        self._file.write(json.dumps(line).encode() + b"\n")
        os.fdatasync(self._file.fileno())

    @property
    def count(self) -> int:
        """Acknowledged writes so far."""
        with self._lock:
            return sum(len(one) for one in self.acknowledged.values())

    def close(self) -> None:
        """Closes the file."""
        self._file.close()
