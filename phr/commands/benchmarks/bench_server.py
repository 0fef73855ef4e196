"""The web server in processes of its own, for benchmarks over HTTP: started, loaded by clients, and stopped."""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from phr.bootstrap import System
from phr.commands.benchmarks.bench_setting import quantiles

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_ROOM: Final = 2**18  # bytes that a client takes at once
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_UTIME: Final = 11  # in /proc/PID/stat, counted behind the name: user time; the next one is system time


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its port, the process that started its others, and the database's first process (0 unknown)."""

    port: int
    pid: int
    database: int = 0

    def cpu_seconds(self) -> float:
        """What its processes computed so far; the database's are not among them. 0 where /proc is not."""
        return _computed(self.pid)

    def database_seconds(self) -> float:
        """What the embedded database's processes computed so far; those that ended are forgotten. 0 where unknown."""
        return _computed(self.database) if self.database else 0.0


def _computed(first: int) -> float:
    """User and system time of a process, its children and theirs."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(") ")[2].split()
        except OSError:  # it ended meanwhile
            continue
        found[int(path.parent.name)] = (int(fields[1]), sum(map(int, fields[_UTIME : _UTIME + 2])))
    family = {first}
    for _ in range(2):  # children, and theirs
        family |= {pid for pid, (parent, _ticks) in found.items() if parent in family}
    return sum(ticks for pid, (_parent, ticks) in found.items() if pid in family) / _TICKS


@contextmanager
def served(system: System, workers: int = 1) -> Iterator[Server]:
    """A server of this system's database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {"PHR_HOME": str(system.settings.home), "PHR_BASE_URL": f"http://127.0.0.1:{port}"}
    command = [sys.executable, "-m", "phr", "serve", "--port", str(port), "--workers", str(workers)]
    process = subprocess.Popen(command, env={**plain_environment(), **environment})  # noqa: S603 - our own command
    try:
        wait_for(port)
        yield Server(port, process.pid, _postmaster(system.settings.home))
    finally:
        process.terminate()
        process.wait(timeout=30)


def _postmaster(home: Path) -> int:
    """The first process of the embedded database; 0 where another one is used."""
    try:
        return int((home / "pg" / "postmaster.pid").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0


def plain_environment() -> dict[str, str]:
    """The environment without settings of ours: a benchmark has its own."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PHR_")}


def wait_for(port: int) -> None:
    """Waits until the server at this port answers."""
    deadline = time.monotonic() + 300  # a busy machine takes its time to load the server
    while time.monotonic() < deadline:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server does not answer")


class Client:
    """One client with one connection and one bearer token, without a library: it shares the cores with what is measured."""

    def __init__(self, port: int, token: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._headers = {
            "Host": f"127.0.0.1:{port}",
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/fhir+json",
        }
        self._room = memoryview(bytearray(_ROOM))

    def __call__(
        self, method: str, path: str, body: bytes = b"", more: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Status and body of the answer."""
        headers = {**self._headers, **(more or {}), "Content-Length": str(len(body))}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        return self._answer()

    def _answer(self) -> tuple[int, bytes]:
        head = b""
        while b"\r\n\r\n" not in head:
            head += self._more()
        head, _, found = head.partition(b"\r\n\r\n")
        status = int(head[9:12])
        length = _LENGTH.search(head)
        if length is None and status not in (204, 304):
            raise RuntimeError(f"HTTP {status} without a length")
        rest = (int(length[1]) if length else 0) - len(found)
        parts = [found]
        while rest > 0:
            parts.append(self._more())
            rest -= len(parts[-1])
        return status, b"".join(parts)

    def _more(self) -> bytes:
        size = self._socket.recv_into(self._room)
        if not size:
            raise ConnectionError("the server closed the connection")
        return bytes(self._room[:size])

    def close(self) -> None:
        """Ends the connection."""
        self._socket.close()


def load(
    server: Server, token: str, clients: int, seconds: float, work: Callable[[Client, int], int]
) -> dict[str, Any]:
    """Closed loop: each client does its next piece of work when it has its answer.

    work: one request by a client (its number); gives how many things it handled, and raises when an answer is wrong.
    """
    stop = time.monotonic() + seconds
    times: list[list[float]] = [[] for _ in range(clients)]
    done = [0] * clients
    failures: list[BaseException] = []

    def one(number: int) -> None:
        client = Client(server.port, token)
        try:
            while time.monotonic() < stop:
                began = time.perf_counter()
                done[number] += work(client, number)
                times[number].append(time.perf_counter() - began)
        except BaseException as error:  # noqa: BLE001 - told by the thread that waits
            failures.append(error)
        finally:
            client.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(clients)]
    began, cpu, asked = time.monotonic(), server.cpu_seconds(), server.database_seconds()
    own = time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError("a request failed") from failures[0]
    took, flat = time.monotonic() - began, [value for each in times for value in each]
    return {
        "requests_per_s": round(len(flat) / took, 1),
        "handled_per_s": round(sum(done) / took, 1),
        "client_cpu_ms_per_request": round((time.process_time() - own) / max(1, len(flat)) * 1000, 2),
        "server_cpu_ms_per_request": round((server.cpu_seconds() - cpu) / max(1, len(flat)) * 1000, 2),
        "database_cpu_ms_per_request": round(
            (server.database_seconds() - asked) / max(1, len(flat)) * 1000, 2
        ),
        **quantiles(flat),
    }
