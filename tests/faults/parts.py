"""The parts of a running service, each as a process group that may be killed and is started again by whoever watches it."""

from __future__ import annotations

import itertools
import os
import random
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import httpx

from tests.conftest import ROOT
from tests.faults.zygote import CONTEXT, run

_RESTART = 0.1  # seconds, as RestartSec of a systemd unit
_STRETCH = 4_000  # ports of one test process


def _ports() -> Iterator[int]:
    """Those of this test process, beginning anywhere: another run on the same machine may be under way."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 5
    first = 12_000 + _STRETCH * number
    begin = random.SystemRandom().randrange(_STRETCH)
    return (first + (begin + step) % _STRETCH for step in itertools.count())


_PORTS = _ports()


def free_port() -> int:
    """A port of this machine that nobody listens on.

    It is none of those that the kernel gives to whoever asks for any: nobody else gets it before it is used, nor while
    what listened there is started again.
    """
    for port in _PORTS:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("there is always a next one")


def wait_for(
    done: Callable[[], bool], seconds: float = 60.0, what: str = "it did not happen in time"
) -> None:
    """Waits until it is so."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


class Part:
    """``phr`` with arguments, started again whenever it ends, until it is stopped: what systemd does with a unit."""

    def __init__(
        self, name: str, arguments: Sequence[str], environment: Mapping[str, str], home: Path
    ) -> None:
        self.name = name
        self.log = home / f"{name}.log"
        self.starts = 0
        self.born = 0.0
        self.killed = 0.0
        self._arguments, self._home = list(arguments), home
        self._environment = dict(environment)
        self._wanted = True
        self._lock = threading.Lock()
        self._start()
        self._watch = threading.Thread(target=self._keep, daemon=True)
        self._watch.start()

    def _start(self) -> None:
        given = (self._arguments, {**self._environment, "PYTHONPATH": str(ROOT)}, self._home, self.log)
        self._process = CONTEXT.Process(target=run, args=given, daemon=False)
        self._process.start()
        self.born = time.time()
        self.starts += 1

    def _keep(self) -> None:
        while self._wanted:
            self._process.join(0.05)
            if self._process.exitcode is None or not self._wanted:
                continue
            time.sleep(_RESTART)
            with self._lock:
                if self._wanted:
                    self._start()

    @property
    def pid(self) -> int:
        """The process of this moment."""
        return int(self._process.pid or 0)

    def kill(self) -> None:
        """SIGKILL for the whole group: no handler runs, no file is closed."""
        with self._lock:
            self.killed = time.time()
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def begin_anew(self, environment: Mapping[str, str]) -> None:
        """Kills it; what is started in its place finds these settings."""
        self._environment.update(environment)
        self.kill()

    def stop(self) -> None:
        """Ends it politely, and for good."""
        self._wanted = False
        with self._lock:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)
            self._process.join(25)
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self._process.join(10)
        self._watch.join(10)

    def said(self) -> str:
        """Everything that it wrote."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""


def serving(base: str) -> bool:
    """Whether a server answers there."""
    try:
        return httpx.get(f"{base}/healthz", trust_env=False, timeout=5).status_code == 200
    except httpx.TransportError:
        return False
