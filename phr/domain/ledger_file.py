"""Files for a points platform without an interface: the CSV that goes out, and the acknowledgement that comes in. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from phr.domain.ledger import Order
from phr.errors import Invalid

ENCODINGS: Final = ("utf-8-sig", "cp932")
"""What spreadsheets in Japan open: UTF-8 with a byte order mark, or Shift_JIS as Windows writes it."""

HEADER: Final = ("file", "line", "reference", "source", "destination", "amount", "asset", "timestamp", "rule")
ANSWER: Final = ("file", "line", "reference", "result", "code")
RESULTS: Final = ("accepted", "refused")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}")
_CODE: Final = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_LONGEST: Final = 20_000_000  # bytes of an acknowledgement
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the platform says of one line."""

    line: int
    reference: str
    result: str
    code: str
    row: int


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """A whole acknowledgement file, read."""

    file: int
    answers: tuple[Answer, ...]


def written(number: int, orders: Sequence[Order], encoding: str) -> tuple[bytes, str, int]:
    """The file of these orders, its SHA-256, and the points that it moves. One line is one posting's order.

    The text is ASCII, so both encodings hold it; what a spreadsheet would take for a formula is refused.
    """
    stream = io.StringIO(newline="")
    sheet = csv.writer(stream, lineterminator="\r\n")
    sheet.writerow(HEADER)
    total = 0
    for line, order in enumerate(orders, 1):
        for posting in order.postings:
            body = order.body()
            cells = (
                *(order.reference or "", posting.source, posting.destination),
                *(str(posting.amount), posting.asset, str(body.get("timestamp", ""))),
                order.metadata.get("rule", ""),
            )
            if any(cell.startswith(_FORMULA) for cell in cells):
                raise Invalid("begins like a formula", field=f"line {line}")
            sheet.writerow((number, line, *cells))
            total += posting.amount
    data = stream.getvalue().encode(encoding)
    return data, sha256(data).hexdigest(), total


def manifest(number: int, sha: str, lines: int, total: int, encoding: str) -> Mapping[str, object]:
    """What travels beside the file, so that the platform can check it before it reads."""
    return {"file": number, "sha256": sha, "lines": lines, "total": total, "encoding": encoding}


def read_acknowledgement(data: bytes) -> Acknowledgement:
    """The acknowledgement of one file. Anything unclear refuses it whole, naming the row; no cell is quoted."""
    if len(data) > _LONGEST:
        raise Invalid("is too large", field="file")
    rows = _rows(data)
    if not rows or tuple(rows[0]) != ANSWER:
        raise Invalid(f"must have the columns {', '.join(ANSWER)}", field="row 1")
    if len(rows) == 1:
        raise Invalid("holds no answers", field="file")
    answers: list[Answer] = []
    file = 0
    seen: set[int] = set()
    for place, row in enumerate(rows[1:], 2):
        number, answer = _answer(row, place)
        if file not in (0, number):
            raise Invalid("is of another file than the rows above", field=f"row {place}")
        if answer.line in seen:
            raise Invalid("answers a line a second time", field=f"row {place}")
        seen.add(answer.line)
        file = number
        answers.append(answer)
    return Acknowledgement(file, tuple(answers))


def _rows(data: bytes) -> list[list[str]]:
    for encoding in ENCODINGS:
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise Invalid("is neither UTF-8 nor Shift_JIS", field="file")
    try:
        return [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error:
        raise Invalid("is not CSV", field="file") from None


def _answer(row: Sequence[str], place: int) -> tuple[int, Answer]:
    where = f"row {place}"
    if len(row) != len(ANSWER):
        raise Invalid(f"must have {len(ANSWER)} columns", field=where)
    number, line, reference, result, code = (cell.strip() for cell in row)
    if not _NUMBER.fullmatch(number) or not _NUMBER.fullmatch(line):
        raise Invalid("file and line must be whole numbers from 1", field=where)
    if result not in RESULTS:
        raise Invalid("result must be accepted or refused", field=where)
    if result == "refused" and not _CODE.fullmatch(code):
        raise Invalid("a refusal needs a code of letters, digits, dot, _ and -", field=where)
    if result == "accepted" and code:
        raise Invalid("an acceptance has no code", field=where)
    return int(number), Answer(int(line), reference, result, code, place)
