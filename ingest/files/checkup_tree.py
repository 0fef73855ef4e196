"""Small XML documents as trees: UTF-8, bounded in size, depth and elements, never a document type or an entity."""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from ingest.errors import BadPayload
from ingest.files.source import MEGABYTE, Entry

MAX_BYTES: Final = 8 * MEGABYTE
MAX_DEPTH: Final = 64
MAX_ELEMENTS: Final = 100_000
MAX_ATTRIBUTES: Final = 32
_PIECE: Final = MEGABYTE
_BOM: Final = b"\xef\xbb\xbf"


class Original(NamedTuple):
    """The bytes of a file as they were delivered."""

    body: bytes
    name: str

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes, in hexadecimal."""
        return hashlib.sha256(self.body).hexdigest()


def original(entry: Entry, limit: int = MAX_BYTES) -> Original:
    """The whole file, unchanged. Raises BadPayload when it is larger than the limit or damaged."""
    pieces: list[bytes] = []
    size = 0
    with entry.stream() as stream:
        while piece := stream.piece(_PIECE):
            size += len(piece)
            if size > limit:
                raise BadPayload(f"larger than {limit} bytes", field="file", file=entry.name)
            pieces.append(piece)
    return Original(b"".join(pieces), entry.name)


def tree(given: Original) -> Element:
    """The root element; names are ``namespace}name`` with a brace before, as ElementTree writes them.

    Raises: BadPayload for a document type, another encoding, anything beyond the bounds, or no well-formed XML.
    """
    return _Builder(given.name).built(given.body)


class _Builder:
    """Builds one tree."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tree = TreeBuilder()
        self._depth = 0
        self._count = 0
        # The encoding is fixed; a declaration of another one is refused before a character of it is read.
        parser = expat.ParserCreate("utf-8", "}")
        parser.buffer_text = True
        parser.XmlDeclHandler = self._declared
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        parser.ExternalEntityRefHandler = self._refuse
        parser.SkippedEntityHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._tree.data
        self._parser = parser

    def built(self, body: bytes) -> Element:
        if body[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in body[:4]:
            raise BadPayload("is not UTF-8", field="encoding", file=self._name)
        try:
            self._parser.Parse(body.removeprefix(_BOM), True)
        except expat.ExpatError as error:
            raise BadPayload("not well-formed XML", field=f"line {error.lineno}", file=self._name) from error
        return self._tree.close()

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in ("utf-8", "utf8"):
            raise BadPayload("is not UTF-8", field="encoding", file=self._name)

    def _refuse(self, *_: object) -> int:
        raise BadPayload("entities and document types are not allowed", field="document", file=self._name)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._count += 1
        if self._depth > MAX_DEPTH:
            raise BadPayload(f"nested deeper than {MAX_DEPTH}", field="document", file=self._name)
        if self._count > MAX_ELEMENTS or len(attributes) > MAX_ATTRIBUTES:
            raise BadPayload(
                "more elements or attributes than a check-up has", field="document", file=self._name
            )
        self._tree.start(_braced(name), {_braced(key): value for key, value in attributes.items()})

    def _end(self, name: str) -> None:
        self._depth -= 1
        self._tree.end(_braced(name))


def _braced(name: str) -> str:
    return "{" + name if "}" in name else name
