"""Parts of files that can be decoded apart from each other, in this process or another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from ingest.errors import NotOfThisFormat
from ingest.files.source import DEFAULT, MEGABYTE, Entry
from ingest.series import Batch, Reject

STRANGER: Final = Reject("not-of-this-format", "file")
"""A file beside others of the format that is of another one."""
WHOLE: Final = 32 * MEGABYTE
"""A plain file up to this size is one part, read by whoever decodes it."""


class Part(msgspec.Struct, frozen=True, gc=False):
    """A whole file, named by its path, or bytes of one.

    index: the file's number in its source; part: the number of the bytes in the file, -1 for a whole file;
    skip: the parts of a whole file up to this one were read before. prefix: of the places in refusals.
    alone: whether the source is this one file, so that it must be of the format.
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
    alone: bool = True

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


def whole(entry: Entry, index: int, total: int, skip: int = -1, *, alone: bool = True) -> Part | None:
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
        alone=alone,
    )


def chosen(entries: tuple[Entry, ...], first: int, suffixes: tuple[str, ...]) -> Iterator[tuple[int, Entry]]:
    """The files to read from a number on; among several only those with a suffix count."""
    for index, entry in enumerate(entries):
        if index >= first and (len(entries) == 1 or entry.name.lower().endswith(suffixes)):
            yield index, entry


def forgiven(part: Part, batches: Iterator[Batch], mark: str) -> Iterator[Batch]:
    """The batches of a part; a file of another format becomes a count.

    Not so when it is all that was given, or when it began as a file of the format: then it is damaged.
    """
    begun = part.part > 0 or part.skip >= 0
    try:
        for batch in batches:
            begun = True
            yield batch
    except NotOfThisFormat:
        if part.alone or begun:
            raise
        yield Batch(rejects=(STRANGER,), mark=mark, done=part.done, total=part.total)


def fitting(batches: Iterator[Batch], path: Path, mark: str) -> Iterator[Batch]:
    """The same batches.

    Raises: NotOfThisFormat at the end, when every file was of another format; after a mark some file was not.
    """
    fits, strangers = bool(mark), False
    for batch in batches:
        strange = batch.rejects == (STRANGER,) and not batch.series
        strangers |= strange
        fits |= not strange
        yield batch
    if strangers and not fits:
        raise NotOfThisFormat("no file of this format", field="file", file=path.name)
