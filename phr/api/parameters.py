"""Search parameters of the FHIR interface: names checked, values parsed; what is unknown is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl, urlencode

from phr.domain.fhir.texts import instant
from phr.domain.query import MAX_COUNT, split
from phr.errors import Invalid

Pairs = list[tuple[str, str]]
_FORMATS: Final = frozenset({"json", "application/json", "application/fhir+json"})


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


def count(given: Pairs) -> int:
    """Matches on a page."""
    found = [value for name, value in given if name == "_count"]
    if not found:
        return 50
    if not found[-1].isascii() or not found[-1].isdigit() or len(found[-1]) > 9:
        raise Invalid("expected a whole number", field="_count")
    return min(int(found[-1]), MAX_COUNT)


def encoded(given: Pairs) -> str:
    """Parameters as they stand in an address."""
    return urlencode(given)


def instant_of(us: int) -> str:
    """Microseconds as a FHIR instant."""
    return instant(datetime.fromtimestamp(us / 1_000_000, UTC))
