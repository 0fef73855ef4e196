"""Search parameters of the FHIR interface: names checked, values parsed; what is unknown is refused."""

from __future__ import annotations

import base64
import binascii
import struct
from typing import Final
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from phr.domain.query import MAX_COUNT, Cursor, ObservationQuery, dates, split, tokens
from phr.errors import Invalid

Pairs = list[tuple[str, str]]
_RESULT: Final = frozenset({"_count", "_sort", "_format", "_cursor"})
_OBSERVATION: Final = frozenset({"_id", "code", "category", "date", "patient", "subject", "status"}) | _RESULT
_FORMATS: Final = frozenset({"json", "application/json", "application/fhir+json"})
_CURSOR: Final = struct.Struct(">q")


def pairs(query: str) -> Pairs:
    """The parameters of a query string, in order. A value that is not UTF-8 is refused."""
    try:
        found = parse_qsl(
            query, keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=100
        )
    except (UnicodeDecodeError, ValueError) as error:
        raise Invalid("not valid percent-encoded UTF-8, or too many parameters", field="query") from error
    return found


def check(given: Pairs, known: frozenset[str]) -> None:
    """Refuses parameters and modifiers that are not known; a wrong result is worse than an error."""
    for name, value in given:
        base, _, modifier = name.partition(":")
        if base not in known:
            raise Invalid("unknown search parameter", field=base[:64])
        if modifier and not (base in ("patient", "subject") and modifier == "Patient"):
            raise Invalid("modifier not supported", field=name[:64])
        if base == "_format" and value.partition(";")[0] not in _FORMATS:
            raise Invalid("only JSON is served", field="_format")


def observation_query(given: Pairs, zone: ZoneInfo) -> ObservationQuery:
    """The search of Observations that the parameters ask for."""
    check(given, _OBSERVATION)
    return ObservationQuery(
        patients=patients(given),
        codes=tuple(tokens(value, "code") for name, value in given if name == "code"),
        categories=tuple(tokens(value, "category") for name, value in given if name == "category"),
        dates=tuple(dates(value, "date", zone) for name, value in given if name == "date"),
        statuses=tuple(tokens(value, "status") for name, value in given if name == "status"),
        ids=_ids(given),
        descending=_descending(given),
        count=count(given),
        cursor=_cursor(given),
    )


def patients(given: Pairs) -> tuple[str, ...]:
    """The Patient ids that patient and subject name; both given means both must hold."""
    groups = []
    for name, value in given:
        if name.partition(":")[0] in ("patient", "subject"):
            ids = [part.removeprefix("Patient/") for part in split(value, ",")]
            if not all(ids) or any("/" in one for one in ids):
                raise Invalid("expected a Patient id", field=name[:64])
            groups.append(ids)
    if not groups:
        return ()
    return tuple(one for one in dict.fromkeys(groups[0]) if all(one in group for group in groups[1:]))


def _ids(given: Pairs) -> tuple[str, ...] | None:
    groups = [split(value, ",") for name, value in given if name == "_id"]
    if not groups:
        return None
    return tuple(one for one in groups[0] if all(one in group for group in groups[1:]))


def count(given: Pairs) -> int:
    """Matches on a page."""
    found = [value for name, value in given if name == "_count"]
    if not found:
        return 50
    if not found[-1].isascii() or not found[-1].isdigit() or len(found[-1]) > 9:
        raise Invalid("expected a whole number", field="_count")
    return min(int(found[-1]), MAX_COUNT)


def _descending(given: Pairs) -> bool:
    found = [value for name, value in given if name == "_sort"]
    if not found:
        return True
    if found[-1] not in ("date", "-date"):
        raise Invalid("only date and -date are supported", field="_sort")
    return found[-1] == "-date"


def _cursor(given: Pairs) -> Cursor | None:
    found = [value for name, value in given if name == "_cursor"]
    if not found:
        return None
    try:
        raw = base64.urlsafe_b64decode(found[-1].encode("ascii") + b"==")
        return Cursor(_CURSOR.unpack_from(raw)[0], raw[_CURSOR.size :].decode("ascii"))
    except (binascii.Error, struct.error, UnicodeError, ValueError) as error:
        raise Invalid("not a page of this search", field="_cursor") from error


def with_cursor(given: Pairs, cursor: Cursor) -> str:
    """The query string of the page after a cursor."""
    text = base64.urlsafe_b64encode(_CURSOR.pack(cursor.start_us) + cursor.id.encode()).decode().rstrip("=")
    return urlencode([pair for pair in given if pair[0] != "_cursor"] + [("_cursor", text)])
