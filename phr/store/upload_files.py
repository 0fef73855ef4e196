"""The folder of uploaded files: one folder for each upload under a number of ours, so that no name leads elsewhere."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import time
import unicodedata
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import IO, Final
from uuid import UUID

_ODD: Final = re.compile(r"[^\w.() -]")
_LONGEST: Final = 120  # bytes of UTF-8; file systems take 255
_BLOCK: Final = 1 << 20


class InUse(Exception):
    """Another request writes this file now."""


def safe_name(name: str) -> str:
    r"""The last part of a name as a browser sends it, without anything that a file system could understand.

    The ending stays, since formats are told by it.

    >>> safe_name("../../etc/passwd"), safe_name("C:\\data\\export.zip"), safe_name(".."), safe_name("a\0b.csv")
    ('passwd', 'export.zip', 'file', 'a_b.csv')
    """
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    plain = _ODD.sub("_", last).strip(" .")
    stem, dot, ending = plain.rpartition(".")
    if not dot or len(ending.encode()) > 10:
        stem, dot, ending = plain, "", ""
    while len(f"{stem}{dot}{ending}".encode()) > _LONGEST:
        stem = stem[:-1]
    return f"{stem}{dot}{ending}".strip(" .") or "file"


class UploadFolder:
    """Keeps the bytes of uploads until they were read."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, upload: UUID, name: str) -> Path:
        """Where the file of an upload lies."""
        return self._root / str(upload) / safe_name(name)

    def free(self) -> int:
        """Bytes free on the disk of the folder."""
        self._make(self._root)
        return shutil.disk_usage(self._root).free

    @contextmanager
    def writing(self, upload: UUID, name: str, offset: int) -> Iterator[IO[bytes]]:
        """The file, open for one writer, cut at the offset up to which it is known to be whole.

        Raises InUse while another writes.
        """
        path = self.path(upload, name)
        self._make(path.parent)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "r+b", buffering=0) as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise InUse from error
            stream.truncate(offset)
            stream.seek(offset)
            yield stream

    def sha256(self, upload: UUID, name: str) -> str:
        """The digest of the whole file, read piece by piece."""
        found = sha256()
        with self.path(upload, name).open("rb") as stream:
            while piece := stream.read(_BLOCK):
                found.update(piece)
        return found.hexdigest()

    def remove(self, upload: UUID) -> None:
        """Deletes the file of an upload; twice is once."""
        shutil.rmtree(self._root / str(upload), ignore_errors=True)

    def sweep(self, live: Collection[UUID], older_seconds: float) -> int:
        """Deletes what belongs to no upload that is on its way and was not touched for a while; gives how many."""
        if not self._root.is_dir():
            return 0
        keep = {str(upload) for upload in live}
        removed = 0
        for folder in self._root.iterdir():
            with suppress(OSError):
                if folder.name not in keep and folder.stat().st_mtime < time.time() - older_seconds:
                    shutil.rmtree(folder, ignore_errors=True)
                    removed += 1
        return removed

    @staticmethod
    def _make(folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
