"""The box's spool: an SQLite file that holds every reading from its arrival until the server has acknowledged it.

A reading, the key that tells it from its repetitions, and its device's bookmark are written in one transaction, with
fsync. What a device may forget is written down the moment it arrives. Decision 0017.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ingest.ble.clock import Checkpoint
from ingest.ble.collector import Delivery
from ingest.ble.dedupe import Bookmark
from ingest.ble.gathered import Received
from ingest.errors import IngestError
from ingest.gateway.cards import Present
from ingest.gateway.clock import NOTICED, BoxClock
from ingest.gateway.readings import Aside, Kept, Outgoing, Sorted
from ingest.gateway.spool_file import (
    DAMAGED,
    MEGABYTE,
    VERSION,
    Ballast,
    Limits,
    Room,
    SpoolFull,
    changes,
    known_version,
    named,
    set_aside,
)
from ingest.series import LOW_CONFIDENCE, ZONE_ASSUMED

FILE: Final = "spool.db"
_PAGE: Final = 4096
_ANY: Final = -1  # the slot of readings in which a device names no user
_COLUMNS: Final = (
    "card, rank, code, label, method, start, duration, east, quality, channels, document, anchor, phd"
)

_HEARD: Final = "id, characteristic, payload, at, stored, card, since, boot, anchor"


class Spool:
    """One spool of one box; only one process collects into it, others may look."""

    def __init__(self, folder: Path, limits: Limits | None = None, *, free: int | None = None) -> None:
        """``free``: bytes free on the disk, for tests; the disk is asked when None."""
        self.path = folder / FILE
        self.limits = limits or Limits()
        self.has_clock = True
        """Whether the box's clock is known; only then is it remembered how a device's clock stood against it."""
        self._free = free
        self.ballast = Ballast(folder / "spool.reserve")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode not in DAMAGED:
                raise named(error) from error
            set_aside(self.path)
            self._open()

    def _open(self) -> None:
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        self.path.chmod(0o600)
        self._db = sqlite3.connect(self.path, isolation_level=None, timeout=5)
        try:
            for pragma in (
                f"page_size = {_PAGE}",
                "journal_mode = WAL",
                "synchronous = FULL",
                "secure_delete = ON",  # what was acknowledged is gone from the disk's pages too
                f"max_page_count = {self.limits.size // _PAGE}",
                f"journal_size_limit = {4 * MEGABYTE}",
            ):
                self._db.execute(f"PRAGMA {pragma}")
            version = self._number("PRAGMA user_version")
            known_version(version)
            if version < VERSION:
                self._db.executescript(changes(version))
            self._before = self._number("SELECT max(id) FROM kept")
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Leaves one tidy file."""
        self._db.close()

    def _number(self, statement: str, *values: object) -> int:
        row = self._db.execute(statement, values).fetchone()
        return 0 if row is None or row[0] is None else int(row[0])

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: all of it is on the disk, or nothing."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise self._named(error) from error

    def _named(self, error: sqlite3.Error) -> IngestError:
        """What the caller must do; a full disk gets the space back that was laid aside for this moment."""
        found = named(error)
        if isinstance(found, SpoolFull):
            self.ballast.drop()
        return found

    def room(self) -> Room:
        """What may still be taken, by the limit and by the free space of the disk."""
        unused = self._number("PRAGMA freelist_count") * _PAGE
        used = self._number("PRAGMA page_count") * _PAGE - unused
        free = shutil.disk_usage(self.path.parent).free if self._free is None else self._free
        left = min(self.limits.size - used, free + unused)
        if left > self.limits.reserve:
            return "all"
        return "single" if left > self.limits.reserve // 4 else "none"

    # What is remembered of devices (the protocol ``Seen``)

    def has(self, key: str) -> bool:
        """Whether a reading was stored before."""
        return bool(self._number("SELECT count(*) FROM seen WHERE key = ?", bytes.fromhex(key)))

    def add(self, key: str) -> None:
        """A reading is stored; called inside the transaction that stores it."""
        self._db.execute("INSERT OR IGNORE INTO seen VALUES (?)", (bytes.fromhex(key),))

    def bookmark(self, device: str) -> Bookmark:
        """What is remembered of a device; of its clock only while the box's own clock is known."""
        found = self._db.execute("SELECT * FROM bookmark WHERE device = ?", (device,)).fetchone()
        if found is None:
            return Bookmark()
        _, sequence, at, off, remains = found
        return Bookmark(sequence, Checkpoint(at, off, remains) if at is not None and self.has_clock else None)

    def advance(self, device: str, bookmark: Bookmark) -> None:
        """Everything of a device up to this bookmark is stored; called inside the transaction that stores it."""
        clock = bookmark.clock if self.has_clock else None
        known = (None, None, None) if clock is None else (clock.gateway, clock.found, clock.left)
        self._db.execute(
            "INSERT INTO bookmark VALUES (?, ?, ?, ?, ?) ON CONFLICT (device) DO UPDATE SET"
            " sequence = excluded.sequence, at = coalesce(excluded.at, at),"
            " found = coalesce(excluded.found, found), remains = coalesce(excluded.remains, remains)",
            (device, bookmark.sequence, *known),
        )

    # Values as they arrive

    def keep(
        self, device: str, value: Received, present: Present, clock: BoxClock, *, is_stream: bool = False
    ) -> None:
        """Writes down a value before the device may forget it.

        Of a stream nothing can be asked for again, and it comes every second: it survives the end of the process,
        but is not forced to the disk each time.
        """
        stream = is_stream and not self._db.in_transaction
        if stream:
            self._db.execute("PRAGMA synchronous = NORMAL")
        anchor = None if clock.is_known else clock.anchor
        heard = (value.characteristic, value.payload, value.at, value.is_stored)
        try:
            self._db.execute(
                "INSERT INTO kept (device, characteristic, payload, at, stored, card, since, boot, anchor)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (device, *heard, present.card, present.since, clock.boot, anchor),
            )
        except sqlite3.Error as error:
            raise self._named(error) from error
        finally:
            if stream:
                self._db.execute("PRAGMA synchronous = FULL")

    def kept(self, device: str, until: int) -> list[Kept]:
        """What arrived from a device in this run up to an instant, oldest first."""
        return self._kept("id > ? AND device = ? AND at <= ?", (self._before, device, until))

    def left(self, device: str) -> list[Kept]:
        """What arrived from a device in an earlier run, and no session has told."""
        return self._kept("id <= ? AND device = ?", (self._before, device))

    def _kept(self, where: str, values: tuple[object, ...]) -> list[Kept]:
        rows = self._db.execute(
            f"SELECT {_HEARD} FROM kept WHERE {where} ORDER BY id",  # noqa: S608 - fixed texts
            values,
        )
        return [
            Kept(number, what, raw, at, bool(old), Present(card, since), boot, anchor)
            for number, what, raw, at, old, card, since, boot, anchor in rows
        ]

    def unsorted(self) -> list[str]:
        """The devices of which values of an earlier run are left."""
        rows = self._db.execute(
            "SELECT DISTINCT device FROM kept WHERE id <= ? ORDER BY device", (self._before,)
        )
        return [device for (device,) in rows]

    def store(self, delivery: Delivery, found: Sorted, kept: Sequence[Kept], boot: str) -> None:
        """Rows, keys, bookmark, counts, and the end of the kept values, in one transaction."""
        since = delivery.settled.clock.now
        with self.writing():
            self._put(found.rows, boot)
            self._put_aside(found.aside, since)
            self._count(found.counts)
            delivery.is_committed = False  # an attempt that the disk refused was rolled back with its keys
            delivery.commit()
            self._db.executemany("DELETE FROM kept WHERE id = ?", [(each.identity,) for each in kept])

    def put(self, rows: Iterable[Outgoing], boot: str = "") -> None:
        """Rows that came from no session."""
        with self.writing():
            self._put(rows, boot)

    def _put(self, rows: Iterable[Outgoing], boot: str) -> None:
        self._db.executemany(
            f"INSERT INTO reading ({_COLUMNS}, boot) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - fixed columns
            (
                (
                    *(
                        row.card,
                        row.rank,
                        row.code,
                        row.label,
                        row.method,
                        row.start,
                        row.duration,
                        row.offset,
                    ),
                    *(row.quality, row.values, row.document, row.anchor, row.phd, boot),
                )
                for row in rows
            ),
        )

    def _put_aside(self, found: Iterable[Aside], since: int) -> None:
        self._db.executemany(
            "INSERT INTO aside (device, reason, characteristic, payload, at, since) VALUES (?, ?, ?, ?, ?, ?)",
            [(one.device, one.reason, one.characteristic, one.payload, one.at, since) for one in found],
        )

    def _count(self, counts: Mapping[str, int]) -> None:
        self._db.executemany(
            "INSERT INTO tally VALUES (?, ?) ON CONFLICT (reason) DO UPDATE SET n = n + excluded.n",
            list(counts.items()),
        )

    # What goes to the server

    def waiting(self, most: int) -> list[tuple[int, Outgoing]]:
        """The next rows whose instant is final: urgent ones first, then the oldest."""
        rows = self._db.execute(
            f"SELECT id, {_COLUMNS} FROM reading WHERE refused = '' AND anchor IS NULL"  # noqa: S608 - fixed columns
            " ORDER BY rank, id LIMIT ?",
            (most,),
        )
        return [(row[0], Outgoing(*row[1:])) for row in rows]

    def settle(
        self, sent: Sequence[int], refused: Mapping[int, str], dropped: Counter[str], since: int
    ) -> None:
        """What was acknowledged is forgotten; what was refused stays with the reason, until it has been seen."""
        with self.writing():
            self._db.executemany("DELETE FROM reading WHERE id = ?", [(each,) for each in sent])
            self._db.executemany(
                "UPDATE reading SET refused = ?, since = ? WHERE id = ?",
                [(reason, since, each) for each, reason in refused.items()],
            )
            self._count(dropped)

    def place(self, boot: str, true: int, earlier_until: int) -> None:
        """The clock is known: rows of this boot move by its error, and rows of earlier boots are decided.

        How far off an earlier boot was nobody knows any more. An instant that can be true goes out marked; one
        after now cannot be.
        """
        with self.writing():
            self._db.execute(
                "UPDATE reading SET anchor = NULL, start = start +"
                " CASE WHEN abs(:true - anchor) > :noise THEN :true - anchor ELSE 0 END"
                " WHERE anchor IS NOT NULL AND boot = :boot",
                {"true": true, "noise": NOTICED, "boot": boot},
            )
            self._db.execute(
                "UPDATE reading SET refused = 'clock-not-known', since = :now, anchor = NULL"
                " WHERE anchor IS NOT NULL AND start > :now",
                {"now": earlier_until},
            )
            self._db.execute(
                "UPDATE reading SET anchor = NULL, quality = quality | :marks WHERE anchor IS NOT NULL",
                {"marks": LOW_CONFIDENCE | ZONE_ASSUMED},
            )

    def expire(self, before: int) -> None:
        """Forgets what was refused or kept aside before an instant; its number stays known."""
        with self.writing():
            for table, word, where in (
                ("reading", "refused", "refused <> '' AND since < ?"),
                ("aside", "reason", "since < ?"),
                ("kept", "'unread'", f"id <= {self._before} AND at < ?"),
            ):
                gone = f"SELECT 'forgotten-' || {word}, count(*) FROM {table} WHERE {where} GROUP BY 1"  # noqa: S608 - fixed
                self._count(dict(self._db.execute(gone, (before,)).fetchall()))
                self._db.execute(f"DELETE FROM {table} WHERE {where}", (before,))  # noqa: S608 - fixed

    # People, and what is told

    def bind(self, device: str, slot: int | None, card: str) -> None:
        """A device's user has this card from now on."""
        with self.writing():
            self._db.execute(
                "INSERT INTO binding VALUES (?, ?, ?) ON CONFLICT (device, slot) DO UPDATE SET card = excluded.card",
                (device, _ANY if slot is None else slot, card),
            )

    def bindings(self) -> dict[str, dict[int | None, str]]:
        """Device -> user slot -> card."""
        found: dict[str, dict[int | None, str]] = {}
        for device, slot, card in self._db.execute("SELECT device, slot, card FROM binding"):
            found.setdefault(device, {})[None if slot == _ANY else slot] = card
        return found

    def note(self, **words: str) -> None:
        """Writes down words about the box itself."""
        with self.writing():
            self._db.executemany(
                "INSERT INTO note VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                list(words.items()),
            )

    def notes(self) -> dict[str, str]:
        """All that was written down."""
        return dict(self._db.execute("SELECT key, value FROM note").fetchall())

    def counts(self) -> dict[str, dict[str, int]]:
        """How much there is of what, without a card or a value."""

        def grouped(statement: str) -> dict[str, int]:
            return dict(self._db.execute(statement).fetchall())

        return {
            "waiting": grouped(
                "SELECT CASE WHEN anchor IS NOT NULL THEN 'for-the-clock' WHEN rank = 0 THEN 'urgent'"
                " WHEN rank = 1 THEN 'single' ELSE 'stream' END, count(*) FROM reading WHERE refused = '' GROUP BY 1"
            ),
            "refused": grouped("SELECT refused, count(*) FROM reading WHERE refused <> '' GROUP BY 1"),
            "quarantined": grouped("SELECT reason, count(*) FROM aside GROUP BY 1"),
            "unsorted": {"values": self._number("SELECT count(*) FROM kept")},
            "left-out": grouped("SELECT reason, n FROM tally"),
        }
