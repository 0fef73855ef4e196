"""Reads a file of FHIR R4 resources, one on each line: known Observations as columns, the rest as documents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final
from zoneinfo import ZoneInfo

import msgspec

from ingest.codes import VITALS
from ingest.errors import BadPayload
from ingest.files.by_person import batches
from ingest.from_fhir import MAX_LINE, parse_lines, tally
from ingest.series import Batch, Reject

COVERAGE: Final = frozenset(VITALS)
BLOCK_LINES: Final = 20_000
BLOCK_BYTES: Final = 64_000_000
_SKIP: Final = 1_000_000


class Block(msgspec.Struct, frozen=True, gc=False):
    """Some lines of a file: where they stand, how many lines come before, and which are too long to be read."""

    path: str
    begin: int
    end: int
    total: int
    lines_before: int
    lines: int
    long_lines: list[int]

    @property
    def weight(self) -> int:
        """Bytes to decode."""
        return self.end - self.begin


def read(path: Path, *, zone: ZoneInfo, mark: str = "") -> Iterator[Batch]:
    """Batches of up to 20,000 lines, one for each subject in them; ``person_key`` is the subject's reference.

    ``mark`` is "byte offset,lines before it". Several people of one block share its beginning as mark until the last
    one, so a block that was cut short is read again as a whole; receiving is idempotent.

    Raises: BadPayload, when the file cannot be read or the mark is not of this file.
    """
    for block in payloads(path, mark=mark):
        yield from decode_payload(block, zone)


def payloads(path: Path, *, mark: str = "") -> Iterator[Block]:
    """The blocks of lines that can be decoded apart."""
    with _opened(path) as file:
        total = path.stat().st_size
        before = _resume(file, mark, total, path.name)
        place = str(path.absolute())
        while True:
            begin = file.tell()
            lines, long_lines = _block(file)
            if not lines:
                return
            yield Block(place, begin, file.tell(), total, before, lines, long_lines)
            before += lines


def decode_payload(block: Block, zone: ZoneInfo) -> Iterator[Batch]:
    """The batches of a block, one for each subject in it."""
    texts = _texts(block)
    parsed = parse_lines(texts, zone, first_line=block.lines_before + 1)
    rejects = tally(parsed.rejects)
    if block.long_lines:
        first = block.lines_before + 1 + block.long_lines[0]
        rejects += (Reject("too-long", f"line {first}", len(block.long_lines)),)
    marks = f"{block.begin},{block.lines_before}", f"{block.end},{block.lines_before + block.lines}"
    yield from batches(parsed, rejects, marks, (block.end, block.total))


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise BadPayload("cannot be opened", field="file", file=path.name) from error


def _texts(block: Block) -> list[bytes]:
    """The lines of a block; those too long are left empty, so that numbers stay right."""
    with _opened(Path(block.path)) as file:
        file.seek(block.begin)
        if block.long_lines:
            return _lines(file, block)
        texts = file.read(block.end - block.begin).split(b"\n")
    return texts[: block.lines]


def _lines(file: IO[bytes], block: Block) -> list[bytes]:
    long_lines = frozenset(block.long_lines)
    found: list[bytes] = []
    for number in range(block.lines):
        if number in long_lines:
            _pass(file)
            found.append(b"")
        else:
            found.append(file.readline())
    return found


def _pass(file: IO[bytes]) -> None:
    """Leaves the rest of a line unread."""
    while (rest := file.readline(_SKIP)) and not rest.endswith(b"\n"):
        pass


def _resume(file: IO[bytes], mark: str, total: int, name: str) -> int:
    """Goes to the mark's byte and gives the number of lines before it."""
    if not mark:
        return 0
    offset, _, lines = mark.partition(",")
    if (
        not (offset.isascii() and offset.isdigit() and lines.isascii() and lines.isdigit())
        or int(offset) > total
    ):
        raise BadPayload("is not a mark of this file", field="mark", file=name)
    file.seek(int(offset))
    return int(lines)


def _block(file: IO[bytes]) -> tuple[int, list[int]]:
    """How many lines come next, and the places of those too long to keep."""
    long_lines: list[int] = []
    count = size = 0
    while count < BLOCK_LINES and size < BLOCK_BYTES:
        line = file.readline(MAX_LINE + 1)
        if not line:
            break
        if len(line) > MAX_LINE and not line.endswith(b"\n"):
            long_lines.append(count)
            _pass(file)
        else:
            size += len(line)
        count += 1
    return count, long_lines
