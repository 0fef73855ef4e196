"""Letters of alarms: a thread of every worker sends them, so that nothing else that a worker does delays them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from phr import logs
from phr.domain.signs import FAILED, JOB
from phr.errors import PhrError
from phr.ids import new_id

_JOB: Final = "alarms"
_EVERY: Final = 2.0  # seconds between two looks
_SIGN: Final = 15  # a sign of life in so many looks, and at the end of each trouble
_PATIENCE: Final = 20.0  # seconds for a letter that is under way when the worker stops

Send = Callable[..., object]
"""Sends what is due of alarms: request id."""
Beat = Callable[..., object]
"""Notes a sign of life: name, request id."""


class AlarmLetters:
    """Looks every few seconds, beside the worker's jobs: a sync, an export or a count of the city may take minutes."""

    def __init__(self, send: Send, beat: Beat, every: float = _EVERY) -> None:
        self._send = send
        self._beat = beat
        self._every = every
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins; the thread ends with the process."""
        self._ended.clear()
        self._thread = threading.Thread(target=self._run, name=_JOB, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Lets the letter that is under way go out, and ends."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE)

    def _run(self) -> None:
        looks, failing = 0, False
        while True:
            failed = not self._looked()
            if failed or failing or looks % _SIGN == 0:
                with suppress(PhrError):
                    self._beat((FAILED if failed else JOB) + _JOB, request=f"worker-{new_id()}")
            looks, failing = looks + 1, failed
            if self._ended.wait(self._every):
                return

    def _looked(self) -> bool:
        try:
            self._send(request=f"worker-{new_id()}")
        except Exception as error:  # noqa: BLE001 - its text may hold a value; the next look tries again
            logs.get().error("job failed", job=_JOB, reason=type(error).__name__)
            return False
        return True
