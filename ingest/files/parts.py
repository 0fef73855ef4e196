"""Parts of files that can be decoded apart from each other, in this process or another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from ingest.files.source import DEFAULT, MEGABYTE, Entry

WHOLE: Final = 32 * MEGABYTE
"""A plain file up to this size is one part, read by whoever decodes it."""


class Part(msgspec.Struct, frozen=True, gc=False):
    """A whole file, named by its path, or bytes of one.

    index: the file's number in its source; part: the number of the bytes in the file, -1 for a whole file;
    skip: the parts of a whole file up to this one were read before. prefix: of the places in refusals.
    before, size: bytes of the files before this one and of this one; done, total: for a progress bar.
    """

    index: int
    name: str
    total: int
    done: int
    part: int = -1
    skip: int = -1
    prefix: str = ""
    data: bytes = b""
    path: str = ""
    before: int = 0
    size: int = 0

    @property
    def weight(self) -> int:
        """Bytes to decode."""
        return len(self.data) or self.size

    def entry(self) -> Entry:
        """The whole file."""
        file = Path(self.path)
        return Entry(
            self.name, self.size, self.before, lambda: file.open("rb"), DEFAULT, packed=False, path=file
        )


def whole(entry: Entry, index: int, total: int, skip: int = -1) -> Part | None:
    """A file as one part, or None when it is large or stands in an archive."""
    if entry.path is None or entry.size > WHOLE or entry.packed or entry.limits != DEFAULT:
        return None
    return Part(
        index,
        entry.name,
        total,
        entry.before + entry.size,
        skip=skip,
        path=str(entry.path.absolute()),
        before=entry.before,
        size=entry.size,
    )


def chosen(entries: tuple[Entry, ...], first: int, suffixes: tuple[str, ...]) -> Iterator[tuple[int, Entry]]:
    """The files to read from a number on; among several only those with a suffix count."""
    for index, entry in enumerate(entries):
        if index >= first and (len(entries) == 1 or entry.name.lower().endswith(suffixes)):
            yield index, entry
