"""Reads a form with one file while it arrives: the fields before the file, then its bytes piece by piece, never whole."""

from __future__ import annotations

from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from phr.errors import Invalid

_FIELD: Final = 1024  # bytes; the fields before a file are short


class OneFileForm:
    """A form that brings one file, fed with the bytes of a request.

    fields: what stood before the file. name: the file's name as the browser sent it, None until it begins.
    ended: the file came to its end. A second file is refused.
    """

    def __init__(self, content_type: str) -> None:
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data" or not 0 < len(boundary) <= 200:
            raise Invalid("not a form with a file", field="content-type")
        self.fields: dict[str, str] = {}
        self.name: str | None = None
        self.ended = False
        self._pieces: list[bytes] = []
        self._header = (b"", b"")
        self._field: str | None = None
        self._value = b""
        self._in_file = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begins,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._header_ends,
                "on_part_data": self._data,
                "on_part_end": self._part_ends,
            },
        )

    def feed(self, data: bytes) -> list[bytes]:
        """Takes the next bytes; gives those of the file among them. Raises Invalid for what is no such form."""
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise Invalid("not a form with a file", field="body") from error
        pieces, self._pieces = self._pieces, []
        return pieces

    def _part_begins(self) -> None:
        self._field, self._value, self._in_file = None, b"", False

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._header = (self._header[0] + data[start:end], self._header[1])

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._header = (self._header[0], self._header[1] + data[start:end])

    def _header_ends(self) -> None:
        name, value = self._header
        self._header = (b"", b"")
        if name.lower() != b"content-disposition":
            return
        _, options = parse_options_header(value)
        if b"filename" in options:
            if self.name is not None:
                raise Invalid("holds a second file", field="body")
            self.name = options[b"filename"].decode("utf-8", "replace")
            self._in_file = True
        elif self.name is None:
            self._field = options.get(b"name", b"").decode("utf-8", "replace")[:40]

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self._pieces.append(data[start:end])
        elif self._field is not None:
            self._value += data[start:end]
            if len(self._value) > _FIELD or len(self.fields) > 8:
                raise Invalid("a field is too long", field="body")

    def _part_ends(self) -> None:
        if self._in_file:
            self.ended = True
        elif self._field is not None:
            self.fields[self._field] = self._value.decode("utf-8", "replace")
        self._in_file, self._field = False, None
