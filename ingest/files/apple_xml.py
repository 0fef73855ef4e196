"""Streams the XML of an Apple Health export through expat: bounded, without document type, never an entity."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final
from xml.parsers import expat

from ingest.errors import BadPayload
from ingest.files.source import MEGABYTE, Entry, Stream

PIECE: Final = MEGABYTE
LONGEST: Final = MEGABYTE
"""No element, comment or document type of an export is longer; a longer one would only fill the memory."""
_ROOT: Final = re.compile(rb"<[A-Za-z_:]")
_SUBSET_END: Final = re.compile(rb"\]\s*>")
_BANNED: Final = bytes([*range(9), 11, 12, *range(14, 32)])
"""Control characters that XML 1.0 does not allow and that exports hold all the same (a vertical tab, mostly)."""
Start = Callable[[str, dict[str, str]], None]


class Feeder:
    """An expat parser that takes pieces, and refuses what an export never holds."""

    def __init__(self, start: Start, name: str) -> None:
        self._name = name
        self._fed = 0
        # The encoding is fixed: what the file says of itself is not believed.
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartElementHandler = start
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.parser.SkippedEntityHandler = self._refuse
        self.parser.ExternalEntityRefHandler = self._refuse

    def _refuse(self, *_: object) -> int:
        raise BadPayload("entities and document types are not allowed", field="document", file=self._name)

    def feed(self, piece: bytes, *, last: bool = False) -> None:
        """The next piece of the document."""
        try:
            self.parser.Parse(piece, last)
        except expat.ExpatError as error:
            problem = "cut off" if last and error.code == _NO_ELEMENTS else "not well-formed XML"
            raise BadPayload(problem, field=f"line {error.lineno}", file=self._name) from error
        self._fed += len(piece)
        if not last and self._fed - self.parser.CurrentByteIndex > LONGEST + len(piece):
            raise BadPayload(f"an element is longer than {LONGEST} bytes", field="document", file=self._name)


_NO_ELEMENTS: Final = expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS]


def pieces(entry: Entry, size: int = PIECE) -> Iterator[tuple[bytes, int]]:
    """The document without its document type and forbidden characters, with the bytes read so far."""
    with entry.stream() as stream:
        head = _head(stream, entry.name, size)
        yield _without_doctype(head, entry.name), min(stream.consumed(), entry.size)
        while piece := stream.piece(size):
            yield piece.translate(None, _BANNED), min(stream.consumed(), entry.size)


def _head(stream: Stream, name: str, size: int) -> bytes:
    """The beginning of the file, at least up to the root element."""
    head = stream.piece(size).removeprefix(b"\xef\xbb\xbf").translate(None, _BANNED)
    while head and not _ROOT.search(head):
        more = stream.piece(size)
        if not more or len(head) > LONGEST:
            break
        head += more.translate(None, _BANNED)
    begin = _doctype(head)
    while begin >= 0 and _doctype_end(head, begin) < 0:
        more = stream.piece(size)
        if not more or len(head) > LONGEST + size:
            raise BadPayload("the document type does not end", field="DOCTYPE", file=name)
        head += more.translate(None, _BANNED)
    return head


def _doctype(head: bytes) -> int:
    """Where the document type begins, or -1 when there is none before the root element."""
    root = _ROOT.search(head)
    return head.find(b"<!DOCTYPE", 0, root.start() if root else len(head))


def _doctype_end(head: bytes, begin: int) -> int:
    """Where the document type ends, or -1 while that is not known."""
    subset, close = head.find(b"[", begin), head.find(b">", begin)
    if close < 0 and subset < 0:
        return -1
    if subset < 0 or 0 <= close < subset:
        return close + 1
    found = _SUBSET_END.search(head, subset)
    return found.end() if found else -1


def _without_doctype(head: bytes, name: str) -> bytes:
    """Takes the document type away unread.

    Since iOS 16 exports carry a broken one, and nothing in it is needed. One that declares or fetches anything but
    the usual element lists is no export.
    """
    begin = _doctype(head)
    if begin < 0:
        return head
    end = _doctype_end(head, begin)
    block = head[begin:end]
    outside = block.partition(b"[")[0]
    if b"<!ENTITY" in block or b"SYSTEM" in outside or b"PUBLIC" in outside:
        raise BadPayload("entities are not allowed", field="DOCTYPE", file=name)
    # The line ends stay, so that a place in an error is a line of the file.
    return head[:begin] + b"\n" * block.count(b"\n") + head[end:]


def is_export(entry: Entry, size: int = PIECE) -> bool:
    """Whether a file begins like an export."""
    with entry.stream() as stream:
        head = stream.piece(size)
    return b"<HealthData" in head or b"<!DOCTYPE HealthData" in head
