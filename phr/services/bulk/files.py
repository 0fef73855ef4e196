"""Files of bulk jobs: lines in frames, sealed with the key of their job, and what is known of them when they are whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO
from uuid import UUID

from phr.domain.bulk.frames import Part, frame, pack
from phr.domain.bulk.limits import limits
from phr.ids import new_id
from phr.store.bulk import File
from phr.store.sealed_files import SealedFiles


@dataclass
class Draft:
    """A file that is being written."""

    stream: IO[bytes]
    file_id: UUID
    lines: int = 0
    plain: int = 0
    _parts: list[Part] = field(default_factory=list)
    _bodies: list[bytes] = field(default_factory=list)
    _size: int = 0

    def add(self, part: Part, body: bytes) -> None:
        """Adds lines; frames are filled before they are compressed."""
        self._parts.append(part)
        self._bodies.append(body)
        self._size += len(body)
        self.lines += part.lines
        self.plain += part.size
        if self._size >= limits().frame_bytes:
            self.flush()

    def flush(self) -> None:
        """Writes the frame that is being filled."""
        if self._parts:
            self.stream.write(pack(frame(self._parts, b"".join(self._bodies))))
            self._parts, self._bodies, self._size = [], [], 0


class BulkFiles:
    """The folder of the files of all jobs."""

    def __init__(self, sealed: SealedFiles) -> None:
        self.sealed = sealed

    @contextmanager
    def writing(self, key: str) -> Iterator[Draft]:
        """A new file, which appears when it is whole."""
        file_id = new_id()
        with self.sealed.writing(file_id, key) as stream:
            draft = Draft(stream, file_id)
            yield draft
            draft.flush()

    def described(self, draft: Draft, number: int, section: str, kind: str) -> File:
        """What is noted of a file that is whole."""
        return File(number, draft.file_id, section, kind, draft.lines, self.sealed.size(draft.file_id))
