"""The spool's file: its tables, its limits, and what an error of it means."""

from __future__ import annotations

import os
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from ingest.errors import IngestError, Permanent, Transient

Room = Literal["all", "single", "none"]
"""What may still be taken: everything, single measurements only, or nothing."""
VERSION: Final = 2
MEGABYTE: Final = 1 << 20
FULL: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN})
DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
TABLES: Final = """
CREATE TABLE note (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE kept (id INTEGER PRIMARY KEY AUTOINCREMENT, device TEXT NOT NULL, characteristic TEXT NOT NULL, payload BLOB NOT NULL,
  at INTEGER NOT NULL, stored INTEGER NOT NULL, card TEXT NOT NULL, since INTEGER NOT NULL,
  boot TEXT NOT NULL, anchor INTEGER);
CREATE INDEX kept_of ON kept (device, at);
CREATE TABLE seen (key BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE bookmark (device TEXT PRIMARY KEY, sequence INTEGER, at INTEGER, found INTEGER, remains INTEGER)
  WITHOUT ROWID;
CREATE TABLE binding (device TEXT, slot INTEGER, card TEXT NOT NULL, PRIMARY KEY (device, slot)) WITHOUT ROWID;
CREATE TABLE reading (id INTEGER PRIMARY KEY, rank INTEGER NOT NULL, card TEXT NOT NULL, code TEXT NOT NULL,
  label TEXT NOT NULL, method TEXT NOT NULL, start INTEGER NOT NULL, duration INTEGER, east INTEGER NOT NULL,
  quality INTEGER NOT NULL, channels BLOB NOT NULL, document BLOB NOT NULL, boot TEXT NOT NULL, anchor INTEGER,
  refused TEXT NOT NULL DEFAULT '', since INTEGER NOT NULL DEFAULT 0, phd TEXT NOT NULL DEFAULT '');
CREATE INDEX reading_waits ON reading (rank, id) WHERE refused = '' AND anchor IS NULL;
CREATE INDEX reading_unplaced ON reading (boot) WHERE anchor IS NOT NULL;
CREATE INDEX reading_refused ON reading (since) WHERE refused <> '';
CREATE TABLE aside (id INTEGER PRIMARY KEY, device TEXT NOT NULL, reason TEXT NOT NULL, characteristic TEXT NOT NULL,
  payload BLOB NOT NULL, at INTEGER NOT NULL, since INTEGER NOT NULL);
CREATE TABLE tally (reason TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
"""

STEPS: Final = {1: "ALTER TABLE reading ADD COLUMN phd TEXT NOT NULL DEFAULT '';"}
"""What makes a file of a version one of the next."""


class SpoolFull(Transient):
    """The disk or the limit is full: nothing was written, and what was there is untouched."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes. reserve: of the limit and of the disk's free space, kept for single measurements."""

    size: int = 512 * MEGABYTE
    reserve: int = 16 * MEGABYTE


class Ballast:
    """Space that is given back to a full disk, so that what is there can still be sent and forgotten."""

    def __init__(self, path: Path, size: int = 2 * MEGABYTE) -> None:
        self._path = path
        self._size = size

    def lay(self) -> None:
        """Takes the space, where there is four times as much."""
        if self._path.exists() or shutil.disk_usage(self._path.parent).free < 4 * self._size:
            return
        target = os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600)
        try:
            os.posix_fallocate(target, 0, self._size)
        except OSError:
            self.drop()
        finally:
            os.close(target)

    def drop(self) -> None:
        """Gives it back."""
        self._path.unlink(missing_ok=True)


def known_version(version: int) -> None:
    """A spool of a newer program is left alone."""
    if version > VERSION:
        raise Permanent("the spool was written by a newer version of this program")


def changes(version: int) -> str:
    """The statements that bring a file to this version, as one transaction: all of a new one, or what came since."""
    steps = TABLES if version == 0 else "".join(STEPS[each] for each in range(version, VERSION))
    return f"BEGIN;{steps}PRAGMA user_version = {VERSION};COMMIT;"


def set_aside(path: Path) -> None:
    """A damaged file is kept for whoever can read it, and the box goes on with a new one."""
    number = next(n for n in range(1, 1000) if not path.with_suffix(f".damaged-{n}").exists())
    for end in ("-wal", "-shm"):
        Path(f"{path}{end}").unlink(missing_ok=True)
    path.rename(path.with_suffix(f".damaged-{number}"))


def named(error: sqlite3.Error) -> IngestError:
    """What the caller must do; the text never holds a value."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in FULL:
        return SpoolFull("the spool cannot be written: the disk or the limit is full")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return SpoolFull("the spool is held by another program")
    return Permanent(f"the spool cannot be used ({getattr(error, 'sqlite_errorname', 'SQLITE_ERROR')})")
