"""The processes of an installation under load: server, worker and database, what they hold in memory and compute."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from phr.bootstrap import System
from phr.commands.benchmarks.bench_server import plain_environment, wait_for

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_UTIME: Final = 11  # in /proc/PID/stat, counted behind the name: user time; the next one is system time
_WARM: Final = 0.2
"""The share of a run that does not count for a slope: caches fill, code is loaded."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The processes that the parts of the installation began with."""

    port: int
    pids: Mapping[str, int]

    def megabytes(self) -> dict[str, float]:
        """Memory of each part with all that it started; what processes share is counted once (PSS)."""
        family = _families(self.pids)
        return {name: round(sum(map(_pss, pids)) / 1024, 1) for name, pids in family.items()}

    def cpu_seconds(self) -> dict[str, float]:
        """What each part computed so far."""
        family = _families(self.pids)
        return {name: round(sum(map(_cpu, pids)), 1) for name, pids in family.items()}


@contextmanager
def parts(system: System, workers: int, more: Mapping[str, str]) -> Iterator[Parts]:
    """``phr serve`` and ``phr worker`` on the system's database, and this process as the driver."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {
        **plain_environment(),
        "PHR_HOME": str(system.settings.home),
        "PHR_BASE_URL": f"http://127.0.0.1:{port}",
        **more,
    }
    serve = ["serve", "--port", str(port), "--workers", str(workers)]
    running = [
        subprocess.Popen(  # noqa: S603 - our own command; what it says must not stand in the report
            [sys.executable, "-m", "phr", *words], env=environment, stdout=subprocess.DEVNULL
        )
        for words in (serve, ["worker"])
    ]
    try:
        _patient(port)
        yield Parts(
            port,
            {
                "server": running[0].pid,
                "worker": running[1].pid,
                "database": _postmaster(system.settings.home),
                "driver": os.getpid(),
            },
        )
    finally:
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()


def _patient(port: int) -> None:
    """Waits for the server, three times as long as where nothing else starts beside it."""
    for _ in range(2):
        with suppress(RuntimeError):
            wait_for(port)
            return
    wait_for(port)


def _postmaster(home: Path) -> int:
    return int((home / "pg" / "postmaster.pid").read_text().split("\n", 1)[0])


def _families(pids: Mapping[str, int]) -> dict[str, set[int]]:
    """Each part's processes with their children; the driver stands alone, since it started the others."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):  # it ended meanwhile
            parents[int(path.parent.name)] = int(path.read_text().rpartition(") ")[2].split()[1])
    found = {name: {pid} for name, pid in pids.items()}
    for name, family in found.items():
        for _ in range(3 if name != "driver" else 0):
            family |= {pid for pid, parent in parents.items() if parent in family}
    return found


def _pss(pid: int) -> int:
    """Kilobytes of a process, of shared pages its share; 0 when it ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def _cpu(pid: int) -> float:
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
        return sum(map(int, fields[_UTIME : _UTIME + 2])) / _TICKS
    return 0.0


@dataclass(slots=True)
class Memory:
    """Memory of the parts over a run."""

    parts: Parts
    seen: list[tuple[float, dict[str, float]]]

    @classmethod
    def of(cls, these: Parts) -> Memory:
        """With nothing seen yet."""
        return cls(these, [])

    def look(self) -> None:
        """One look."""
        self.seen.append((time.monotonic(), self.parts.megabytes()))

    def figures(self, every: float) -> dict[str, object]:
        """At the start, at so many seconds each, at the end; and the slope of each part in MB an hour, warmed up."""
        first, last = self.seen[0][0], self.seen[-1][0]
        marks, due = [], first
        for at, held in self.seen:
            if at >= due or at == last:
                marks.append({"minute": round((at - first) / 60, 1), **held})
                due += every
        warm = [one for one in self.seen if one[0] >= first + (last - first) * _WARM]
        return {"megabytes": marks, "slope_mb_per_hour": _slopes(warm)}


def _slopes(seen: list[tuple[float, dict[str, float]]]) -> dict[str, float]:
    if len(seen) < 3:
        return {}
    hours = np.array([at for at, _held in seen]) / 3600
    hours -= hours.mean()
    return {
        name: round(float(hours @ np.array([held[name] for _at, held in seen]) / (hours @ hours)), 1)
        for name in seen[0][1]
    }
