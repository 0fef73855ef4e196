"""Files that age (age-encryption.org) encrypts for public keys: one stream in, one file that appears whole or not at all."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any, Final, Protocol

import pyrage

from phr.errors import PhrError

_GZIP: Final = 31  # zlib's name for a window of 32 KiB in a gzip file
_QUICK: Final = 1
_PIECE: Final = 1 << 20


class BackupError(PhrError):
    """The backup cannot be made, opened or restored; the text says what is wrong."""


class Readable(Protocol):
    """What bytes come from."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, at most ``size``."""
        ...


class Writable(Protocol):
    """Where bytes go."""

    def write(self, data: bytes, /) -> int:
        """Takes the next bytes; gives how many."""
        ...

    def flush(self) -> None:
        """Lets nothing wait."""
        ...


def public_keys(recipients: Sequence[str]) -> list[Any]:
    """The keys that a file is encrypted for. Raises BackupError for none, and for what is no key."""
    if not recipients:
        raise BackupError("PHR_BACKUP_RECIPIENTS names no age public key")
    try:
        return [pyrage.x25519.Recipient.from_str(one) for one in recipients]
    except pyrage.RecipientError:
        raise BackupError("PHR_BACKUP_RECIPIENTS: one of them is no age public key (age1...)") from None


def secret_key(identity: str) -> Any:
    """The key that opens a file. Raises BackupError."""
    try:
        return pyrage.x25519.Identity.from_str(identity.strip())
    except pyrage.IdentityError:
        raise BackupError("the identity is no age secret key (AGE-SECRET-KEY-1...)") from None


def encrypt(source: Readable, out: IO[bytes], keys: Iterable[Any]) -> None:
    """Encrypts a stream; what was written is on the disk when this returns."""
    pyrage.encrypt_io(source, out, list(keys))
    out.flush()
    os.fsync(out.fileno())


def decrypt(source: Path, into: Writable, key: Any) -> None:
    """Reads a file to its end, so that a cut or changed one is found. Raises BackupError."""
    with source.open("rb") as file:
        try:
            pyrage.decrypt_io(file, into, [key])
        except (pyrage.DecryptError, OSError, zlib.error) as error:
            raise BackupError("the backup was made for another key, was cut, or was changed") from error


def settle(folder: Path) -> None:
    """Lets the names in a folder survive a loss of power."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Squeezed:
    """Reads a stream as a gzip file."""

    def __init__(self, source: Readable) -> None:
        self._source: Readable | None = source
        self._press = zlib.compressobj(_QUICK, zlib.DEFLATED, _GZIP)
        self._ready = b""

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most ``size``."""
        while self._source is not None and (size < 0 or len(self._ready) < size):
            piece = self._source.read(_PIECE)
            self._ready += self._press.compress(piece)
            if not piece:
                self._ready += self._press.flush()
                self._source = None
        size = len(self._ready) if size < 0 else size
        taken, self._ready = self._ready[:size], self._ready[size:]
        return taken


class Unsqueezed:
    """Writes what is in a gzip file, with holes where there are only zeros; no more than ``most`` bytes."""

    def __init__(self, out: IO[bytes], most: int) -> None:
        self._out = out
        self._most = most
        self._press = zlib.decompressobj(_GZIP)
        self.size = 0

    def write(self, data: bytes) -> int:
        """Takes the next bytes of the gzip file; gives how many. Raises BackupError beyond ``most``."""
        rest = data
        while rest:
            piece = self._press.decompress(rest, _PIECE)
            rest = self._press.unconsumed_tail
            self.size += len(piece)
            if self.size > self._most:
                raise BackupError("this is no backup of this service")
            if piece.count(0) == len(piece):
                self._out.seek(len(piece), os.SEEK_CUR)
            else:
                self._out.write(piece)
            if self._press.eof:
                break
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""

    def end(self) -> None:
        """Makes the file as long as what was in it. Raises BackupError for a gzip file without its end."""
        if not self._press.eof:
            raise BackupError("this is no backup of this service")
        self._out.truncate(self.size)
