"""Files that only one person's key opens: written and read as streams, encrypted with age, destroyed with the key."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final
from uuid import UUID

import pyrage

from phr.errors import PhrError

_BLOCK: Final = 1 << 16


class Unreadable(PhrError):
    """The file or its key is gone, or was changed."""


def new_key() -> str:
    """A new key (age, X25519)."""
    return str(pyrage.x25519.Identity.generate())


class SealedFiles:
    """A folder with one sealed file for each job."""

    def __init__(self, root: Path, ending: str = ".zip.age") -> None:
        self._root = root
        self._ending = ending

    def path(self, job: UUID) -> Path:
        """Where a file lies."""
        return self._root / f"{job}{self._ending}"

    @contextmanager
    def writing(self, job: UUID, key: str) -> Iterator[IO[bytes]]:
        """A stream into a sealed file, which appears when it is whole; the plain bytes never touch the disk."""
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self.path(job).with_suffix(".part")
        recipient = pyrage.x25519.Identity.from_str(key).to_public()
        source, sink = os.pipe()
        failed: list[BaseException] = []

        def seal() -> None:
            try:
                with os.fdopen(source, "rb") as plain, draft.open("wb") as sealed:
                    pyrage.encrypt_io(plain, sealed, [recipient])
            except BaseException as error:  # noqa: BLE001 - handed to the writer, who raises it
                failed.append(error)

        thread = threading.Thread(target=seal, name="seal", daemon=True)
        thread.start()
        try:
            with os.fdopen(sink, "wb", buffering=_BLOCK) as stream:
                yield stream
            thread.join()
            if failed:
                raise Unreadable("the file could not be sealed") from failed[0]
            draft.chmod(0o600)
            draft.replace(self.path(job))
        finally:
            thread.join()
            draft.unlink(missing_ok=True)

    def reading(self, job: UUID, key: str) -> Iterator[bytes]:
        """The plain bytes, piece by piece. Raises Unreadable before the first when the key does not fit."""
        try:
            identity = pyrage.x25519.Identity.from_str(key)
            sealed = self.path(job).open("rb")
        except (OSError, pyrage.IdentityError) as error:
            raise Unreadable("the file is gone") from error
        source, sink = os.pipe()
        failed: list[BaseException] = []

        def opened() -> None:
            try:
                with sealed, os.fdopen(sink, "wb") as plain:
                    pyrage.decrypt_io(sealed, plain, [identity])
            except BaseException as error:  # noqa: BLE001 - handed to the reader, who raises it
                failed.append(error)

        threading.Thread(target=opened, name="unseal", daemon=True).start()
        stream = os.fdopen(source, "rb")
        first = stream.read(_BLOCK)
        if not first:
            stream.close()
            raise Unreadable("the file cannot be opened")
        return _rest(first, stream, failed)

    def size(self, job: UUID) -> int:
        """Bytes of a sealed file."""
        return self.path(job).stat().st_size

    def remove(self, job: UUID) -> None:
        """Deletes a file; twice is once."""
        with suppress(OSError):
            self.path(job).unlink()

    def sweep(self, live: Collection[UUID], older_seconds: float) -> int:
        """Deletes files that no job has and that are no longer written; gives how many."""
        if not self._root.is_dir():
            return 0
        names, removed = {str(one) for one in live}, 0
        for path in self._root.iterdir():
            with suppress(OSError):
                named = path.name.partition(".")[0] in names
                if not named and path.stat().st_mtime < time.time() - older_seconds:
                    path.unlink()
                    removed += 1
        return removed

    def free(self) -> int:
        """Bytes free on the disk of the folder."""
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        return shutil.disk_usage(self._root).free


def _rest(first: bytes, stream: IO[bytes], failed: list[BaseException]) -> Iterator[bytes]:
    with stream:
        while first:
            yield first
            first = stream.read(_BLOCK)
    if failed:  # cut off: the answer must not look whole
        raise Unreadable("the file was changed") from failed[0]
