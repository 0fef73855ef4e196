"""Reads a city's CSV of health check-ups: one row for each check-up, one batch for each person in a row of lines."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from ingest.codes import VITALS
from ingest.errors import BadPayload
from ingest.files.checkup_row import (
    NOT_KEPT,
    PERSON_COLUMNS,
    Checkup,
    checkup_series,
    looks_like_my_number,
    patient,
    read_row,
)
from ingest.series import Batch, Reject

COVERAGE: Final = frozenset({"checkup"})
MAX_BYTES: Final = 256_000_000
ENCODINGS: Final = ("utf-8-sig", "cp932")
ALIASES: Final = {
    "draw_code": "blood_draw_code",
    "smoking_code": "smoking",
    "sbp": "sbp_avg",
    "dbp": "dbp_avg",
    "hba1c": "hba1c_ngsp",
}
"""Names of the short form, and of exports that leave the unit out."""
_ITEMS: Final = frozenset(channel.name for channel in VITALS["checkup"].channels)
_KNOWN: Final = _ITEMS | PERSON_COLUMNS | NOT_KEPT
_REQUIRED: Final = ("atena_no", "checkup_date")


class _Header(NamedTuple):
    names: tuple[str, ...]
    rejects: tuple[Reject, ...]


def read(path: Path, *, zone: ZoneInfo, mark: str = "") -> Iterator[Batch]:
    """One batch for each person (rows of one ``atena_no`` that follow each other); ``mark`` is the rows read.

    Raises: BadPayload, when the file is not such a table, or when its ``atena_no`` are My Numbers, which must not
    be used as keys (番号法).
    """
    text, total = _text(path)
    rows = _rows(text, path.name)
    header = _header(next(rows, []), path.name)
    table = [row for row in rows if any(row)]
    _refuse_my_numbers(header.names, table, path.name)
    skip = _skip(mark, len(table), path.name)
    numbered = list(enumerate(table[skip:], start=skip))
    place = header.names.index("atena_no")
    first_rejects = header.rejects if skip == 0 else ()
    if not numbered and first_rejects:
        yield Batch(rejects=first_rejects, mark=str(skip), done=total, total=total)
    for key, group in groupby(numbered, lambda item: item[1][place].strip() if place < len(item[1]) else ""):
        run = list(group)
        done = run[-1][0] + 1
        rejects = [*first_rejects]
        first_rejects = ()
        checkups = [_checkup(header.names, number, row, zone, rejects) for number, row in run]
        good = [checkup for checkup in checkups if checkup is not None]
        yield Batch(
            series=checkup_series(good),
            rejects=tuple(rejects),
            documents=(patient(good[-1].person),) if good else (),
            person_key=key or None,
            mark=str(done),
            done=total * done // len(table),
            total=total,
        )


def _text(path: Path) -> tuple[str, int]:
    """The file as text; UTF-8 with or without mark, else cp932."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadPayload("cannot be opened", field="file", file=path.name) from error
    if len(raw) > MAX_BYTES:
        raise BadPayload(f"larger than {MAX_BYTES} bytes", field="file", file=path.name)
    for encoding in ENCODINGS:
        try:
            return raw.decode(encoding), len(raw)
        except UnicodeDecodeError:
            continue
    raise BadPayload("is neither UTF-8 nor cp932", field="file", file=path.name)


def _rows(text: str, name: str) -> Iterator[list[str]]:
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise BadPayload("is not CSV", field=f"line {reader.line_num}", file=name) from error


def _header(row: list[str], file: str) -> _Header:
    """The column names in our spelling; unknown columns stay empty and are counted."""
    names: list[str] = []
    rejects: list[Reject] = []
    for number, cell in enumerate(row, start=1):
        given = cell.strip().lower()
        name = ALIASES.get(given, given)
        if name not in _KNOWN:
            # JDS values are 0.4 below NGSP and cannot be told from them: never taken for HbA1c (NGSP).
            reason = "jds-column" if "jds" in name else "unknown-column"
            rejects.append(Reject(reason, f"column {number}"))
            name = ""
        elif name in names:
            raise BadPayload("stands twice in the header", field=name, file=file)
        names.append(name)
    for name in _REQUIRED:
        if name not in names:
            raise BadPayload("is missing in the header", field=name, file=file)
    return _Header(tuple(names), tuple(rejects))


def _refuse_my_numbers(names: tuple[str, ...], table: list[list[str]], file: str) -> None:
    """Refuses a file whose keys are My Numbers: of other 12-digit numbers one in eleven has a right check digit."""
    place = names.index("atena_no")
    keys = {row[place].strip() for row in table if place < len(row)}
    if sum(map(looks_like_my_number, keys)) * 2 > len(keys):
        raise BadPayload("holds My Numbers", field="atena_no", file=file)


def _skip(mark: str, rows: int, file: str) -> int:
    if not mark:
        return 0
    if not (mark.isascii() and mark.isdigit()) or int(mark) > rows:
        raise BadPayload("is not a mark of this file", field="mark", file=file)
    return int(mark)


def _checkup(
    names: tuple[str, ...], number: int, row: list[str], zone: ZoneInfo, rejects: list[Reject]
) -> Checkup | None:
    place = f"row {number + 1}"
    if len(row) != len(names):
        rejects.append(Reject("bad-row", place))
        return None
    cells = {name: cell.strip() for name, cell in zip(names, row, strict=True) if name}
    return read_row(cells, place, zone, rejects)
