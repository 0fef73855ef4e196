"""Reads a CSV of check-ups and writes it back with the judgements; every fault names its line and column."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Final, TextIO

from risk.errors import BadInput, RiskError

ENCODINGS: Final = ("utf-8-sig", "cp932")
OUTPUT: Final = ("level", "path", "risks", "missing", "metabo", "referral", "rule_version")


class BadFile(RiskError):
    """A CSV file cannot be used; names the file, and the line and column where there is one."""


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV as it was: header, rows of text, and the line each row ends on."""

    name: str
    header: list[str]
    rows: list[list[str]]
    lines: list[int]

    def columns(self) -> dict[str, list[str]]:
        """The same by column."""
        return {name: [row[place] for row in self.rows] for place, name in enumerate(self.header)}

    def fault(self, error: BadInput) -> BadFile:
        """The error in terms of the file."""
        if error.row is None:
            return BadFile(f"{self.name}: column {error.field}: {error.problem}")
        return BadFile(f"{self.name}: line {self.lines[error.row]}, column {error.field}: {error.problem}")


def read(path: Path) -> Table:
    """The table in a file, UTF-8 or cp932, with a header row."""
    text = _text(path)
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(path.name, header)
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(header):
                raise BadFile(
                    f"{path.name}: line {reader.line_num}: has {len(row)} cells, the header {len(header)}"
                )
            rows.append(row)
            lines.append(reader.line_num)
    except csv.Error as error:
        raise BadFile(f"{path.name}: line {reader.line_num}: is not CSV") from error
    return Table(path.name, header, rows, lines)


def write(table: Table, results: dict[str, Iterable[str]], out: TextIO) -> None:
    """The input columns, then the results.

    A delivered column with the name of a result (a city's own ``metabo``) is kept as ``<name>_delivered``: the
    delivered code stays the official one, and both are there to compare.
    """
    taken = {*table.header, *results}
    names = [_free(name, taken) if name in results else name for name in table.header]
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*names, *results])
    writer.writerows(
        [*row, *found] for row, found in zip(table.rows, zip(*results.values(), strict=True), strict=True)
    )


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_delivered"
    taken.add(name)
    return name


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadFile(f"{path.name}: cannot be read") from error
    for encoding in ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadFile(f"{path.name}: is neither UTF-8 nor cp932 text")


def _check_header(file: str, header: list[str]) -> None:
    if not any(header):
        raise BadFile(f"{file}: has no header row")
    for place, name in enumerate(header, start=1):
        if not name:
            raise BadFile(f"{file}: line 1, column number {place}: has no name")
        if header.index(name) != place - 1:
            raise BadFile(f"{file}: line 1, column {name}: appears twice")
