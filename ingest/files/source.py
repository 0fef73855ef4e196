"""Opens a file, a folder or a zip from a stranger: bounded, without path tricks, as UTF-8."""

from __future__ import annotations

import codecs
import gzip
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, Final, cast

from ingest.errors import BadPayload
from ingest.files.columns import tidy

MEGABYTE: Final = 1 << 20
DOCUMENT_LIMIT: Final = 256 * MEGABYTE
"""A JSON document is held in memory as a whole, so it has a maximum."""
BLOCK: Final = 8 * MEGABYTE
"""Line files are handed over in blocks of about this size."""

_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    gzip.BadGzipFile,
    EOFError,
    RuntimeError,  # an encrypted entry, or a compression method that Python does not know
    ValueError,
    OverflowError,
    OSError,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What is too much. A ratio counts only for entries above ``ratio_from`` bytes: tiny files press well."""

    entries: int = 100_000
    total: int = 64 << 30
    ratio: int = 300
    ratio_from: int = 4 * MEGABYTE


DEFAULT: Final = Limits()


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a source. ``name`` is its path inside the source with ``/``; ``.gz`` is already undone.

    before, size: bytes of the entries before this one and of this one, for progress.
    path: where it can be opened again, when it is a plain file and no member of an archive.
    """

    name: str
    size: int
    before: int
    opener: Callable[[], IO[bytes]]
    limits: Limits = DEFAULT
    packed: bool = False
    path: Path | None = None

    @contextmanager
    def stream(self) -> Iterator[Stream]:
        """The plain bytes, read piece by piece."""
        try:
            raw = self.opener()
        except _BROKEN as error:
            raise BadPayload("cannot be opened", field="file", file=self.name) from error
        with raw:
            unpacked = cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if self.packed else raw
            yield Stream(self, raw, unpacked)

    def read(self, limit: int = DOCUMENT_LIMIT) -> bytes:
        """The whole file as UTF-8 without a byte order mark.

        Raises: BadPayload, when it is larger than the limit, damaged, or of mixed encodings.
        """
        pieces: list[bytes] = []
        size = 0
        with self.stream() as stream:
            while piece := stream.piece(min(BLOCK, limit + 1 - size)):
                size += len(piece)
                if size > limit:
                    raise BadPayload(f"larger than {limit} bytes", field="file", file=self.name)
                pieces.append(piece)
        return b"".join(_Utf8(self.name).feed_all(pieces))

    def blocks(self, size: int = BLOCK) -> Iterator[tuple[bytes, int]]:
        """UTF-8 blocks that end with a line end, each with the bytes read from the source so far."""
        text = _Utf8(self.name)
        rest = b""
        with self.stream() as stream:
            while True:
                piece = stream.piece(size)
                rest += text.feed(piece, last=not piece)
                cut = rest.rfind(b"\n") + 1 if piece else len(rest)
                if cut:
                    yield rest[:cut], self.before + min(stream.consumed(), self.size)
                    rest = rest[cut:]
                if not piece:
                    return
                if len(rest) > 4 * size:
                    raise BadPayload(f"a line is longer than {4 * size} bytes", field="file", file=self.name)


class Stream:
    """Reads an entry and refuses it when it grows beyond what its packed size can honestly hold."""

    def __init__(self, entry: Entry, raw: IO[bytes], unpacked: IO[bytes]) -> None:
        self._entry = entry
        self._raw = raw
        self._unpacked = unpacked
        self._given = 0

    def consumed(self) -> int:
        """Bytes of the entry as it is stored."""
        return self._raw.tell() if self._entry.packed else self._given

    def piece(self, size: int) -> bytes:
        """Up to ``size`` bytes more; empty at the end."""
        try:
            piece = self._unpacked.read(size)
        except _BROKEN as error:
            raise BadPayload("damaged or cut off", field="file", file=self._entry.name) from error
        self._given += len(piece)
        entry = self._entry
        if entry.packed and self._given > max(entry.limits.ratio_from, entry.size * entry.limits.ratio):
            raise BadPayload("unpacks to far more than a file of its kind", field="file", file=entry.name)
        if self._given > entry.limits.total:
            raise BadPayload("too large", field="file", file=entry.name)
        return piece


class _Utf8:
    """Turns UTF-8 (with or without mark) and UTF-16 into UTF-8; anything mixed is refused."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._decoder: codecs.IncrementalDecoder | None = None
        self._plain = True
        self._read = 0

    def feed_all(self, pieces: list[bytes]) -> Iterator[bytes]:
        """A whole file."""
        for piece in pieces:
            yield self.feed(piece, last=False)
        yield self.feed(b"", last=True)

    def feed(self, piece: bytes, *, last: bool) -> bytes:
        """The next piece; characters cut by the end of a piece wait for the next one."""
        if self._decoder is None:
            encoding = _encoding(piece)
            self._plain = encoding == "utf-8-sig"
            self._decoder = codecs.getincrementaldecoder(encoding)("strict")
        if self._plain and piece.isascii() and not self._decoder.getstate()[0]:
            self._read += len(piece)
            return piece
        try:
            text = self._decoder.decode(piece, last)
        except UnicodeDecodeError as error:
            problem = "mixed or unknown text encoding" if self._plain else "not the UTF-16 it begins as"
            place = f"byte {self._read + error.start}"
            raise BadPayload(problem, field=place, file=self._name) from error
        self._read += len(piece)
        return text.encode("utf-8", "replace")


def _encoding(head: bytes) -> str:
    """UTF-16 by its mark or by the zero half of its first character; else UTF-8."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if len(head) >= 2 and head[0] and not head[1]:
        return "utf-16-le"
    if len(head) >= 2 and not head[0] and head[1]:
        return "utf-16-be"
    return "utf-8-sig"


@contextmanager
def opened(path: Path, limits: Limits = DEFAULT) -> Iterator[tuple[Entry, ...]]:
    """The entries of a file, a folder (recursive, sorted, with its zips) or a zip.

    Raises: BadPayload, naming the entry, for path tricks, links out of the folder, bombs and damage.
    """
    found: list[Entry] = []
    with ExitStack() as stack:
        for name, file in _files(path, limits):
            if name.lower().endswith(".zip"):
                parts = _members(file, name, limits, stack)
            else:
                parts = [_plain(file, name, limits)]
            for part in parts:
                last = found[-1].before + found[-1].size if found else 0
                # The name comes back in errors: one line, bounded.
                name_inside = tidy(part.name, 240)
                found.append(replace(part, name=name_inside, before=last))
            if len(found) > limits.entries:
                raise BadPayload(f"more than {limits.entries} files", field="file", file=name)
            if found and found[-1].before + found[-1].size > limits.total:
                raise BadPayload("too large in all", field="file", file=found[-1].name)
        yield tuple(found)


def _files(path: Path, limits: Limits) -> list[tuple[str, Path]]:
    """The regular files under a path with their names inside it."""
    shown = tidy(path.name)
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            return [(path.name, path)]
        if not stat.S_ISDIR(mode):
            raise BadPayload("neither a file nor a folder", field="file", file=shown)
        return _tree(path, limits)
    except (OSError, ValueError) as error:
        raise BadPayload("cannot be opened", field="file", file=shown) from error


def _tree(root: Path, limits: Limits) -> list[tuple[str, Path]]:
    home = root.resolve()
    found: list[tuple[str, Path]] = []
    for folder, folders, names in os.walk(root):
        for name in (*names, *folders):
            file = Path(folder) / name
            inside = file.relative_to(root).as_posix()
            if file.is_symlink() and not file.resolve().is_relative_to(home):
                raise BadPayload("a link out of the folder", field="file", file=tidy(inside))
            if file.is_file():
                found.append((inside, file))
        if len(found) > limits.entries:
            raise BadPayload(f"more than {limits.entries} files", field="file", file=tidy(root.name))
    return sorted(found, key=lambda pair: pair[0])


def _plain(file: Path, name: str, limits: Limits) -> Entry:
    packed = name.lower().endswith(".gz")
    size = file.stat().st_size

    def opener() -> IO[bytes]:
        return file.open("rb")

    return Entry(name[:-3] if packed else name, size, 0, opener, limits, packed, file)


def _members(file: Path, name: str, limits: Limits, stack: ExitStack) -> list[Entry]:
    """The files in a zip, sorted; every header is checked before anything is unpacked."""
    try:
        archive = stack.enter_context(zipfile.ZipFile(file))
    except _BROKEN as error:
        raise BadPayload("not a zip file, or a damaged one", field="file", file=tidy(name)) from error
    infos = archive.infolist()
    if len(infos) > limits.entries:
        raise BadPayload(f"more than {limits.entries} entries", field="file", file=tidy(name))
    total = 0
    for info in infos:
        shown = tidy(info.filename)
        if _tricky(info):
            raise BadPayload("an unsafe entry name or kind", field="entry", file=shown)
        total += info.file_size
        honest = max(limits.ratio_from, info.compress_size * limits.ratio)
        if info.file_size > honest or total > limits.total:
            raise BadPayload("unpacks to far more than a file of its kind", field="entry", file=shown)
    return [
        _member(archive, info, limits) for info in sorted(infos, key=_name) if not info.filename.endswith("/")
    ]


def _name(info: zipfile.ZipInfo) -> str:
    return info.filename


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limits: Limits) -> Entry:
    packed = info.filename.lower().endswith(".gz")

    def opener() -> IO[bytes]:
        return archive.open(info)

    name = info.filename[:-3] if packed else info.filename
    return Entry(name, info.file_size, 0, opener, limits, packed)


def _tricky(info: zipfile.ZipInfo) -> bool:
    """Names that leave the folder, links, devices and locked entries."""
    name = info.filename
    path = PurePosixPath(name)
    kind = info.external_attr >> 16
    odd_kind = bool(stat.S_IFMT(kind)) and not (stat.S_ISREG(kind) or stat.S_ISDIR(kind))
    locked = bool(info.flag_bits & 0x1)
    escapes = path.is_absolute() or ".." in path.parts or "\\" in name or "\x00" in name or name[1:2] == ":"
    return escapes or odd_kind or locked


def resumed(mark: str, file: str) -> tuple[int, int]:
    """The entry and part after which reading goes on; (0, -1) for the beginning."""
    if not mark:
        return 0, -1
    entry, colon, part = mark.partition(":")
    digits = entry + part
    if not (colon and entry and part and digits.isascii() and digits.isdigit()) or len(digits) > 20:
        raise BadPayload("not a mark of this reader", field="mark", file=file)
    return int(entry), int(part)
