"""Reads a file of FHIR R4 resources, one on each line: known Observations as columns, the rest as documents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final
from zoneinfo import ZoneInfo

from ingest.codes import VITALS
from ingest.errors import BadPayload
from ingest.from_fhir import MAX_LINE, Parsed, parse_lines, tally
from ingest.series import Batch, Reject, Series

COVERAGE: Final = frozenset(VITALS)
BLOCK_LINES: Final = 50_000
BLOCK_BYTES: Final = 64_000_000
_SKIP: Final = 1_000_000


def read(path: Path, *, zone: ZoneInfo, mark: str = "") -> Iterator[Batch]:
    """Batches of up to 50,000 lines, one for each subject in them; ``person_key`` is the subject's reference.

    ``mark`` is "byte offset,lines before it". Several people of one block share its beginning as mark until the last
    one, so a block that was cut short is read again as a whole; receiving is idempotent.

    Raises: BadPayload, when the file cannot be read or the mark is not of this file.
    """
    try:
        total = path.stat().st_size
        file = path.open("rb")
    except OSError as error:
        raise BadPayload("cannot be opened", field="file", file=path.name) from error
    with file:
        lines_before = _resume(file, mark, total, path.name)
        while True:
            begin = f"{file.tell()},{lines_before}"
            block, long_lines = _block(file)
            if not block:
                return
            parsed = parse_lines(block, zone, first_line=lines_before + 1)
            rejects = tally(parsed.rejects)
            if long_lines:
                first = lines_before + 1 + long_lines[0]
                rejects += (Reject("too-long", f"line {first}", len(long_lines)),)
            lines_before += len(block)
            done = file.tell()
            yield from _batches(parsed, rejects, (begin, f"{done},{lines_before}"), (done, total))


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


def _block(file: IO[bytes]) -> tuple[list[bytes], list[int]]:
    """The next lines, and the places of those too long to keep (they are left empty, so that numbers stay right)."""
    block: list[bytes] = []
    long_lines: list[int] = []
    size = 0
    while len(block) < BLOCK_LINES and size < BLOCK_BYTES:
        line = file.readline(MAX_LINE + 1)
        if not line:
            break
        if len(line) > MAX_LINE and not line.endswith(b"\n"):
            long_lines.append(len(block))
            line = b""
            while (rest := file.readline(_SKIP)) and not rest.endswith(b"\n"):
                pass
        size += len(line)
        block.append(line)
    return block, long_lines


def _batches(
    parsed: Parsed, rejects: tuple[Reject, ...], marks: tuple[str, str], progress: tuple[int, int]
) -> Iterator[Batch]:
    series: dict[str, list[Series]] = defaultdict(list)
    documents: dict[str, list[bytes]] = defaultdict(list)
    for part in parsed.parts:
        series[part.subject].append(part.series)
    for document in parsed.documents:
        documents[document.subject].append(document.body)
    subjects = list(dict.fromkeys([*series, *documents])) or [""]
    for place, subject in enumerate(subjects, start=1):
        last = place == len(subjects)
        yield Batch(
            series=tuple(series[subject]),
            rejects=rejects if last else (),
            documents=tuple(documents[subject]),
            person_key=subject or None,
            mark=marks[1] if last else marks[0],
            done=progress[0],
            total=progress[1],
        )
