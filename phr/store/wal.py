"""The server's log as it is written: received by pg_receivewal, encrypted with age segment by segment, opened again.

A segment is what the server writes, in gzip, in age: ``age -d -i KEY FILE | gunzip`` opens it without this program. The
segment that is being written is kept too (``.partial``), again in each round, until it is whole.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.rows import TupleRow

from phr.errors import Refused
from phr.store import age
from phr.store.age import BackupError
from phr.store.engine import Connect
from phr.store.pg_tools import find, run_environment

SLOT: Final = "phr_wal"
"""The place that the server keeps for us: it throws nothing away that we have not taken."""
_WHOLE: Final = re.compile(r"[0-9A-F]{24}|[0-9A-F]{8}\.history")
_SEGMENT: Final = re.compile(r"[0-9A-F]{24}")
_LARGEST: Final = 1 << 30  # bytes of the largest segment that PostgreSQL can be built for
_PATIENCE: Final = 10.0  # seconds in which what was written reaches us, or this round says nothing
_CLUSTER: Final = "cluster"


@dataclass(frozen=True, slots=True)
class Opened:
    """What an archive gave. missing: the first segment that is not there although a later one is; empty: none."""

    first: str
    last: str
    number: int
    missing: str


class Receiver:
    """Receives the log into a spool, and moves it encrypted into an archive."""

    def __init__(self, connect: Connect, spool: Path, archive: Path, keys: list[Any]) -> None:
        self._connect = connect
        self._spool = spool
        self._archive = archive
        self._keys = keys
        self._kept = ""

    def begin(self) -> None:
        """Makes the slot where it is missing, and starts to receive. Raises Refused for another cluster's archive."""
        for folder in (self._spool, self._archive):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._connect() as admin:
            admin.autocommit = True
            _same_cluster(admin, self._archive / _CLUSTER)
            known = admin.execute(
                "SELECT 1 FROM pg_replication_slots WHERE slot_name = %s", (SLOT,)
            ).fetchone()
            if known is None:
                admin.execute("SELECT pg_create_physical_replication_slot(%s, true)", (SLOT,))
            tool = find("pg_receivewal", admin.info.server_version // 10000)
            environment = run_environment(admin)
        self._process = subprocess.Popen(  # noqa: S603 - our own arguments, no shell
            [str(tool), f"--directory={self._spool}", f"--slot={SLOT}", "--synchronous", "--no-password"],
            env=environment, umask=0o077,
        )  # fmt: skip

    def end(self) -> None:
        """Stops receiving; the slot stays, so that nothing is missed."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def round(self) -> bool:
        """Takes whatever was written until now: whether all of it is in the archive. Raises BackupError.

        False when the server is away, or has not sent it in time; it is asked again in the next round.
        """
        if self._process.poll() is not None:
            raise BackupError("pg_receivewal stopped; its own last line says why")
        try:
            position, arrived = self._asked()
        except psycopg.OperationalError:
            return False
        if arrived and position != self._kept:
            for one in self._spool.glob("*.partial"):
                with suppress(FileNotFoundError):  # it became whole at this moment, and is taken below
                    keep(one, self._archive, self._keys)
            self._kept = position
        self._keep_whole()
        return arrived

    def _asked(self) -> tuple[str, bool]:
        """How far the log goes now, and whether we have it."""
        with self._connect() as admin:
            admin.autocommit = True
            row: Any = admin.execute("SELECT pg_current_wal_flush_lsn()::text").fetchone()
            return row[0], self._arrived(admin, row[0])

    def _arrived(self, admin: psycopg.Connection[TupleRow], position: str) -> bool:
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            row: Any = admin.execute(
                "SELECT restart_lsn >= %s::pg_lsn FROM pg_replication_slots WHERE slot_name = %s",
                (position, SLOT),
            ).fetchone()
            if row is not None and row[0]:
                return True
            time.sleep(0.05)
        return False

    def _keep_whole(self) -> None:
        """Moves what is complete; what tells of timelines stays in the spool too, where pg_receivewal looks for it."""
        for one in sorted(self._spool.iterdir()):
            if not _WHOLE.fullmatch(one.name):
                continue
            history = one.suffix == ".history"
            if history and (self._archive / f"{one.name}.age").exists():
                continue
            keep(one, self._archive, self._keys)
            (self._archive / f"{one.name}.partial.age").unlink(missing_ok=True)
            if not history:
                one.unlink()


def _same_cluster(admin: psycopg.Connection[TupleRow], mark: Path) -> None:
    row: Any = admin.execute("SELECT system_identifier::text FROM pg_control_system()").fetchone()
    if not mark.exists():
        mark.write_text(f"{row[0]}\n")
    if mark.read_text().strip() != row[0]:
        raise Refused("the archive holds the log of another server; give each server a folder of its own")


def keep(segment: Path, archive: Path, keys: Sequence[Any]) -> None:
    """Encrypts one file of the log into the archive; it is there whole when this returns, or not at all."""
    draft = archive / f"{segment.name}.part"
    with segment.open("rb") as source:
        draft.touch(mode=0o600)
        with draft.open("wb") as out:
            age.encrypt(age.Squeezed(source), out, keys)
    draft.replace(archive / f"{segment.name}.age")
    age.settle(archive)


def open_segments(archive: Path, folder: Path, first: str, key: Any) -> Opened:
    """Opens every segment from the first on, up to a gap, and what tells of timelines. Raises BackupError."""
    for one in archive.glob("*.history.age"):
        _open(one, folder / one.name.removesuffix(".age"), key)
    names = _newest(archive, first)
    opened: list[str] = []
    size = 0
    for name, file in names.items():
        if opened and _place(name, size) > _place(opened[-1], size) + 1:
            return Opened(first, opened[-1], len(opened), _after(opened[-1], size))
        size = _open(file, folder / name, key)
        opened.append(name)
    if not opened or opened[0][8:] != first[8:]:
        raise BackupError(f"the archive does not hold {first}, with which this backup begins")
    return Opened(first, opened[-1], len(opened), "")


def _newest(archive: Path, first: str) -> dict[str, Path]:
    """Segments from the first on in the order of the log, the partial one where there is no whole one."""
    found: dict[str, Path] = {}
    for ending in (".partial.age", ".age"):
        for one in archive.glob(f"*{ending}"):
            name = one.name.removesuffix(ending)
            if _SEGMENT.fullmatch(name) and (name[8:], name[:8]) >= (first[8:], first[:8]):
                found[name] = one
    return dict(sorted(found.items(), key=lambda each: (each[0][8:], each[0][:8])))


def _open(file: Path, target: Path, key: Any) -> int:
    target.touch(mode=0o600)
    with target.open("wb") as out:
        inside = age.Unsqueezed(out, _LARGEST)
        age.decrypt(file, inside, key)
        inside.end()
    return inside.size


def _place(name: str, size: int) -> int:
    """Where a segment is in the log, counted in segments, whatever its timeline."""
    return int(name[8:16], 16) * ((1 << 32) // size) + int(name[16:], 16)


def _after(name: str, size: int) -> str:
    each = (1 << 32) // size
    high, low = divmod(_place(name, size) + 1, each)
    return f"{name[:8]}{high:08X}{low:08X}"
