"""Reads the SQLite database that Health Connect exports: a stranger's file, so nothing in it runs.

Checked against the sources of Android (HealthFitness module) and published listings of real exports: a record's
columns are ``time, zone_offset`` or ``start_time, end_time, start_zone_offset``, milliseconds and seconds; apps and
devices are rows of ``application_info_table`` and ``device_info_table``; samples and stages stand in tables of their
own with ``parent_key``. Columns are read by name, because their order differs from phone to phone.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from ingest.codes import VITALS
from ingest.errors import BadPayload
from ingest.files.health_connect_rows import MILLISECOND, Origins, Sessions, wrists
from ingest.files.health_connect_types import TYPES, RecordType
from ingest.files.offset_rows import Found, Records, numbers, series_of
from ingest.series import Reject

ROWS: Final = 30_000
MAGIC: Final = b"SQLite format 3\x00"
STEPS: Final = 400_000_000
"""Virtual machine steps for one statement: a hundred times what 30,000 rows take, some seconds in all."""
_STEP: Final = 1_000_000
_MOST_TABLES: Final = 500
_MOST_APPS: Final = 10_000
_RECORDS: Final = re.compile(r"[A-Za-z0-9_]{1,60}(?:_record_table|RecordTable)")
_READING: Final = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ)
_LIMITS: Final = {
    sqlite3.SQLITE_LIMIT_LENGTH: 1_000_000,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 200,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 50,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 2,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 25_000,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
}
_Row = tuple[Any, ...]


class Database:
    """An exported database, opened so that it can only be read."""

    def __init__(self, path: Path, name: str, steps: int = STEPS) -> None:
        self._name = name
        self._steps = steps
        self._left = steps
        self._db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            self._prepare()
        except (sqlite3.Error, BadPayload) as error:
            self._db.close()
            if isinstance(error, BadPayload):
                raise
            raise BadPayload("a damaged database", field="database", file=name) from error

    def _prepare(self) -> None:
        """Takes every ability away that reading does not need, and looks at what there is."""
        self._db.text_factory = _text
        for limit, most in _LIMITS.items():
            self._db.setlimit(limit, most)
        for pragma in ("trusted_schema=OFF", "query_only=ON", "cell_size_check=ON", "mmap_size=0"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.set_progress_handler(self._tick, _STEP)
        self._db.set_authorizer(_allowed)
        self.tables = self._tables()
        self._origins = Origins()
        self._apps = self._named("application_info_table", ("package_name", "app_name"))
        self._devices = self._named("device_info_table", ("manufacturer", "model"))

    def close(self) -> None:
        """Lets go of the file."""
        self._db.close()

    def _tick(self) -> int:
        self._left -= _STEP
        return self._left < 0

    def rows(self, statement: str, *values: int) -> list[_Row]:
        """The rows of one statement; BadPayload when the file is damaged or the statement takes too long."""
        self._left = self._steps
        try:
            with closing(self._db.execute(statement, values)) as cursor:
                return cursor.fetchall()
        except (
            sqlite3.Error,
            UnicodeDecodeError,
        ) as error:  # the latter: a name in the schema that is no text
            problem = "takes too long to read" if self._left < 0 else "a damaged database"
            raise BadPayload(problem, field="database", file=self._name) from error

    def _tables(self) -> dict[str, frozenset[str]]:
        """The plain tables and their columns; views and virtual tables could run something, so they are none."""
        found: dict[str, frozenset[str]] = {}
        listed = self.rows("SELECT name, sql FROM sqlite_master WHERE type = 'table' LIMIT 501")
        if len(listed) > _MOST_TABLES:
            raise BadPayload(f"more than {_MOST_TABLES} tables", field="database", file=self._name)
        for name, sql in listed:
            plain = isinstance(sql, str) and sql.upper().startswith("CREATE TABLE")
            if plain and isinstance(name, str) and re.fullmatch(r"\w{1,80}", name, re.ASCII):
                columns = self.rows(f"PRAGMA table_xinfo({name})")
                # Generated columns are hidden: what they generate is an expression of the file.
                found[name] = frozenset(str(column[1]) for column in columns if column[6] == 0)
        return found

    def _named(self, table: str, columns: tuple[str, str]) -> dict[Any, tuple[str, str]]:
        """The apps or devices by their row."""
        if not {"row_id", *columns} <= self.tables.get(table, frozenset()):
            return {}
        statement = f"SELECT row_id, {', '.join(columns)} FROM {table} LIMIT {_MOST_APPS}"  # noqa: S608 - names of the program
        return {row[0]: (_word(row[1]), _word(row[2])) for row in self.rows(statement)}

    def owners(self, apps: _Row, devices: _Row, methods: _Row) -> list[int]:
        """The source of each record."""
        known: dict[tuple[Any, Any, Any], int] = {}
        return [
            known[key] if key in known else known.setdefault(key, self._owner(*key))
            for key in zip(apps, devices, methods, strict=True)
        ]

    def _owner(self, app: Any, device: Any, method: Any) -> int:
        package, label = self._apps.get(app, ("", ""))
        made_by = " ".join(part for part in self._devices.get(device, ("", "")) if part)
        return self._origins.number(package, made_by, method, label)

    def batches(self, record: RecordType, zone: ZoneInfo, rows: int) -> Iterator[Found]:
        """The records of one type, some rows at a time."""
        if record.table not in self.tables:
            return
        reader = {"series": self._series, "sleep": self._sleep}.get(record.clock, self._plain)
        yield from reader(record, zone, rows)

    def _paged(self, table: str, key: str, columns: list[str], rest: str, rows: int) -> Iterator[list[_Row]]:
        """Pages of a table in the order of its key, which is the first column of each row."""
        last = -(2**63)
        while True:
            statement = f"SELECT {key}, {', '.join(columns)} FROM {table} {rest} WHERE {key} > ? ORDER BY {key} LIMIT ?"  # noqa: S608 - names of the program
            page = self.rows(statement, last, rows)
            if not page:
                return
            yield page
            if not isinstance(page[-1][0], int) or page[-1][0] <= last:
                raise BadPayload("rows without a number", field=table.split(maxsplit=1)[0], file=self._name)
            last = page[-1][0]

    def _columns(self, table: str, wanted: list[str], prefix: str = "") -> list[str]:
        """The columns of a table in a statement; NULL for those that this phone's version has not."""
        there = self.tables[table]
        return [prefix + column if column in there else "NULL" for column in wanted]

    def _plain(self, record: RecordType, zone: ZoneInfo, rows: int) -> Iterator[Found]:
        lasts = record.clock == "interval"
        clock = ["start_time", "start_zone_offset", "end_time"] if lasts else ["time", "zone_offset"]
        values = [column for column, _ in record.values.values()]
        wanted = [*_ORIGIN, *clock, *values, *([record.wrist] if record.wrist else [])]
        missing = {clock[0], *values} - self.tables[record.table]
        if missing:
            yield [], [Reject("unknown-table", record.name)]
            return
        for page in self._paged(record.table, "row_id", self._columns(record.table, wanted), "", rows):
            columns = dict(zip(wanted, zip(*(row[1:] for row in page), strict=True), strict=True))
            yield series_of(self._records(record, columns, clock), self._origins.sources, zone, record.name)

    def _records(self, record: RecordType, columns: dict[str, _Row], clock: list[str]) -> Records:
        channels = {
            channel: _scaled(columns[column], factor, VITALS[record.code].channel(channel).decimals)
            for channel, (column, factor) in record.values.items()
        }
        return Records(
            record.code,
            _millis(columns[clock[0]]),
            numbers(columns[clock[1]]),
            self.owners(*(columns[name] for name in _ORIGIN)),
            channels,
            _millis(columns[clock[2]]) if len(clock) > 2 else None,
            wrists(columns[record.wrist]) if record.wrist else None,
        )

    def _series(self, record: RecordType, zone: ZoneInfo, rows: int) -> Iterator[Found]:
        """Samples that stand in a table of their own."""
        ((_, (column, factor)),) = record.values.items()
        if not {"parent_key", "epoch_millis", column} <= self.tables.get(record.series, frozenset()):
            yield [], [Reject("unknown-table", record.name)]
            return
        parent = self._columns(record.table, [*_ORIGIN, "start_zone_offset"], "p.")
        wanted = ["s.epoch_millis", f"s.{column}", *parent]
        join = f"JOIN {record.table} p ON p.row_id = s.parent_key"
        for page in self._paged(f"{record.series} s", "s.rowid", wanted, join, rows):
            _, at, values, apps, devices, methods, offsets = zip(*page, strict=True)
            records = Records(
                record.code,
                _millis(at),
                numbers(offsets),
                self.owners(apps, devices, methods),
                {"value": _scaled(values, factor, VITALS[record.code].channels[0].decimals)},
            )
            yield series_of(records, self._origins.sources, zone, record.name)

    def _sleep(self, record: RecordType, zone: ZoneInfo, rows: int) -> Iterator[Found]:
        """Sessions with the stages in them."""
        staged = {"parent_key", "stage_start_time", "stage_end_time", "stage_type"}
        has_stages = staged <= self.tables.get(record.series, frozenset())
        wanted = [*_ORIGIN, "start_time", "start_zone_offset", "end_time"]
        for page in self._paged(record.table, "row_id", self._columns(record.table, wanted), "", rows):
            keys, apps, devices, methods, starts, offsets, ends = zip(*page, strict=True)
            owner = self.owners(apps, devices, methods)
            session = Sessions(_millis(starts), _millis(ends), numbers(offsets), owner)
            if has_stages:
                stages = self.rows(
                    f"SELECT parent_key, stage_start_time, stage_end_time, stage_type FROM {record.series} "  # noqa: S608 - names of the program
                    "WHERE parent_key BETWEEN ? AND ? LIMIT 2000000",
                    keys[0],
                    keys[-1],
                )
                places = {key: place for place, key in enumerate(keys)}
                for key, begin, end, stage in stages:
                    if key in places:
                        began, ended = _millis((begin, end))
                        session.stage(places[key], began, ended, stage)
            yield session.series(self._origins, zone)

    def unread(self) -> list[Reject]:
        """Tables of records that no vital is made of, with the number of their rows."""
        known = {name for each in TYPES.records.values() for name in (each.table, each.series)}
        rejects: list[Reject] = []
        for name in sorted(set(self.tables) - known):
            if _RECORDS.fullmatch(name):
                ((count,),) = self.rows(f"SELECT count(*) FROM {name}")  # noqa: S608 - matched above
                if count:
                    rejects.append(
                        Reject("unsupported-type", name if name in TYPES.named else "table", count)
                    )
        return rejects


_ORIGIN: Final = ["app_info_id", "device_info_id", "recording_method"]


def _scaled(column: _Row, factor: float, decimals: int) -> list[float]:
    values = numbers(column)
    return values if factor == 1 else [round(value * factor, decimals) for value in values]


def _millis(column: _Row) -> list[float]:
    return [each * MILLISECOND for each in numbers(column)]


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _allowed(action: int, name: str | None, function: str | None, _: str | None, __: str | None) -> int:
    """Only reading, counting, and the list of columns."""
    reading = action in _READING or (action == sqlite3.SQLITE_PRAGMA and name == "table_xinfo")
    counting = action == sqlite3.SQLITE_FUNCTION and function == "count"
    return sqlite3.SQLITE_OK if reading or counting else sqlite3.SQLITE_DENY
