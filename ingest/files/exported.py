"""What the vendors' exports share: a folder of files of which some are ours, tables by heading, counted refusals."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from ingest.errors import BadPayload, NotOfThisFormat
from ingest.files.clock_text import DAY, Mask
from ingest.files.columns import Rows, tally
from ingest.files.moments import When
from ingest.files.source import MEGABYTE, Entry, opened, resumed
from ingest.series import MANUAL, Batch, Micros, Reject, Series, Source, Values

LONGEST: Final = 31 * DAY
"""No stretch of a person's day is longer."""
ROWS: Final = 20_000
CHARACTERS: Final = 4_000_000
"""A part of a table ends with so many rows or characters, so that memory stays bounded."""
JSON_LIMIT: Final = 64 * MEGABYTE
"""Answers are small; an object of Python takes many times the bytes of its JSON."""
_LONGEST_NUMBER: Final = 40
_NOTHING: Final = frozenset({"", "-", "--", "nan", "null", "none", "n/a"})


@dataclass(frozen=True, slots=True)
class Sources:
    """Several sources of one table, and the index of each row's own."""

    known: list[Source]
    owner: npt.NDArray[np.int64]


@dataclass(slots=True)
class Findings:
    """Series and refusals as they are met."""

    series: list[Series] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    def refuse(self, reason: str, place: str, count: int = 1) -> None:
        """Something that becomes no value."""
        if count:
            self.rejects.append(Reject(reason, place, count))

    def refuse_rows(self, mask: Mask, reason: str, places: Sequence[str]) -> None:
        """Rows that become no value: counted together at the first one's place."""
        rows = np.flatnonzero(mask)
        if len(rows):
            self.rejects.append(Reject(reason, places[int(rows[0])], len(rows)))

    def add(
        self,
        code: str,
        source: Source | Sources,
        times: When,
        values: Values | Mapping[str, Values],
        *,
        duration: Micros | None = None,
        quality: int | Sequence[int] = 0,
    ) -> Mask:
        """The rows with a time and a value; the answer says which rows those were."""
        known, owner = ([source], None) if isinstance(source, Source) else (source.known, source.owner)
        channels = values if isinstance(values, Mapping) else {"value": values}
        present = times.good.copy()
        for name in ("systolic", "diastolic") if "systolic" in channels else channels:
            present &= np.isfinite(channels[name])
        if duration is not None:
            present &= (duration >= 0) & (duration <= LONGEST)
        bits = np.array(quality, np.uint8) | np.uint8(MANUAL if known and known[0].method == "manual" else 0)
        table = Rows(times.start, times.offset, times.quality | bits, known, owner, duration)
        self.series += table.series(code, channels, present)
        return present


Part = tuple[Findings, int]
Decode = Callable[[Entry], Iterator[Part]]
"""A file's findings in parts, each with the bytes of the source read so far."""


def batches(path: Path, decode: Decode, *, mark: str = "") -> Iterator[Batch]:
    """The parts of all files as batches; a file of another format is counted, unless no file is of this one.

    Raises: BadPayload, naming the file: damage of any file, or no file of the format at all.
    """
    skip_entry, skip_part = resumed(mark, path.name)
    other: NotOfThisFormat | None = None
    fits = bool(mark)
    with opened(path) as entries:
        total = sum(entry.size for entry in entries)
        for index, entry in enumerate(entries):
            if index < skip_entry:
                continue
            try:
                for part, (found, done) in enumerate(decode(entry)):
                    fits = True
                    if index > skip_entry or part > skip_part:
                        yield _batch(found, f"{index}:{part}", done, total)
            except NotOfThisFormat as error:
                other = other or error
                if len(entries) > 1:
                    found = Findings(rejects=[Reject("not-of-this-format", "file")])
                    yield _batch(found, f"{index}:0", entry.before + entry.size, total)
    if not fits:
        raise other or BadPayload("holds no file", field="file", file=path.name)


def _batch(found: Findings, mark: str, done: int, total: int) -> Batch:
    return Batch(tuple(found.series), tuple(tally(found.rejects)), mark=mark, done=done, total=total)


def plain_bytes(entry: Entry, limit: int) -> bytes:
    """The bytes of an entry as they are.

    Raises: BadPayload, when it is larger than the limit, or damaged.
    """
    pieces: list[bytes] = []
    size = 0
    with entry.stream() as stream:
        while piece := stream.piece(min(MEGABYTE, limit + 1 - size)):
            size += len(piece)
            if size > limit:
                raise BadPayload(f"larger than {limit} bytes", field="file", file=entry.name)
            pieces.append(piece)
    return b"".join(pieces)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a table with a heading. ``lines`` are the line numbers in the file; ``done`` counts its bytes."""

    heading: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]
    done: int

    def column(self, name: str) -> list[str]:
        """The cells under a heading; KeyError when there is none."""
        if name not in self.heading:
            raise KeyError(name)
        place = self.heading.index(name)
        return [row[place] for row in self.rows]

    def cells(self, name: str) -> list[str]:
        """The cells under a heading, or empty ones."""
        return self.column(name) if name in self.heading else [""] * len(self.rows)

    def places(self, name: str) -> list[str]:
        """Where the cells of a column stand, for refusals."""
        return [f"line {line}: {name}" for line in self.lines]


def tables(entry: Entry, *, delimiter: str = ",", above: int = 0) -> Iterator[tuple[Table, Findings]]:
    """A table of an entry in parts; ``above`` lines stand over its heading.

    Raises: BadPayload, when the lines are no such table.
    """
    state = _Progress(entry)
    yield from rows_under_heading(state.lines(), entry.name, state, delimiter=delimiter, above=above)


class _Progress:
    """Lines of an entry, and how far they were read."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry
        self.done = entry.before

    def lines(self) -> Iterator[str]:
        for block, done in self._entry.blocks():
            self.done = done
            yield from io.StringIO(block.decode("utf-8"), newline="")


class Done:
    """How far a text that was read as a whole has come: to its end."""

    def __init__(self, done: int) -> None:
        self.done = done


def rows_under_heading(
    lines: Iterator[str], name: str, progress: _Progress | Done, *, delimiter: str = ",", above: int = 0
) -> Iterator[tuple[Table, Findings]]:
    """Tables of at most ``ROWS`` rows with the heading of the first line.

    A row with too few cells, or with something in a cell beyond the heading, is refused alone. Some exports
    end every line with a delimiter, so empty cells at the end count for nothing.
    """
    reader = csv.reader(lines, delimiter=delimiter)
    heading: tuple[str, ...] = ()
    rows: list[list[str]] = []
    numbers: list[int] = []
    bad: list[int] = []
    size = 0
    try:
        for row in reader:
            if reader.line_num <= above or not any(row):
                continue
            if not heading:
                heading = _heading(row)
                continue
            if len(row) < len(heading) or any(row[len(heading) :]):
                bad.append(reader.line_num)
                continue
            rows.append(row)
            numbers.append(reader.line_num)
            size += sum(map(len, row))
            if len(rows) == ROWS or size > CHARACTERS:
                yield _table(heading, rows, numbers, bad, progress.done)
                rows, numbers, bad, size = [], [], [], 0
    except csv.Error as error:
        kind = BadPayload if heading else NotOfThisFormat
        raise kind("not a table", field=f"line {reader.line_num}", file=name) from error
    yield _table(heading, rows, numbers, bad, progress.done)


def _heading(row: list[str]) -> tuple[str, ...]:
    names = [cell.strip() for cell in row]
    while names and not names[-1]:
        names.pop()
    return tuple(names)


def _table(
    heading: tuple[str, ...], rows: list[list[str]], lines: list[int], bad: list[int], done: int
) -> tuple[Table, Findings]:
    found = Findings()
    if bad:
        found.refuse("bad-row", f"line {bad[0]}", len(bad))
    return Table(heading, rows, lines, done), found


def numbers(texts: Sequence[str]) -> tuple[Values, Mask]:
    """Numbers, NaN where there is none; and which texts are neither a number nor a word for none.

    >>> numbers(["62", "", "-", "abc", "1e999"])[1].tolist()
    [False, False, False, True, True]
    """
    values = np.full(len(texts), np.nan)
    wrong = np.zeros(len(texts), np.bool_)
    for row, raw in enumerate(texts):
        text = raw.strip()
        value = number(text)
        if value is not None:
            values[row] = value
        else:
            wrong[row] = text.lower() not in _NOTHING
    return values, wrong


def number(text: str) -> float | None:
    """A finite decimal number of a sane length, else None."""
    if not text or len(text) > _LONGEST_NUMBER or "_" in text or not text.isascii():
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def percent(values: Values) -> Values:
    """Saturations as per cent: nobody lives with one of at most 1 %, so such a value is a fraction.

    >>> percent(np.array([97.0, 0.97])).tolist()
    [97.0, 97.0]
    """
    return np.where((values > 0) & (values <= 1), values * 100, values)
