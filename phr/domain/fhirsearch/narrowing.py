"""What columns can decide of a search: whose resources it asks for, and the plain conditions on Observations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from phr.domain.fhirsearch.criteria import Criterion
from phr.domain.fhirsearch.definitions import PARAMETERS
from phr.domain.fhirsearch.escapes import cut, plain
from phr.domain.fhirsearch.references import local
from phr.domain.fhirsearch.request import Request
from phr.domain.fhirsearch.texts import token
from phr.domain.query import ObservationQuery, Token, dates

_PEOPLE: Final = "people"


def people_of(request: Request) -> tuple[tuple[str, ...] | None, Request]:
    """The Patients that a search names, None when it names none; and the search without what that decides.

    Patient itself names them by its id. What names a Patient in another way (a modifier, an address elsewhere) stays
    a condition like any other.
    """
    known = request.worked_out.get(_PEOPLE)
    if known is None:
        known = request.worked_out[_PEOPLE] = _people_of(request)
    named, left = known
    return named, left


def _people_of(request: Request) -> tuple[tuple[str, ...] | None, Request]:
    groups: list[list[str]] = []
    left = []
    for one in request.criteria:
        named = _patients(request, one)
        if named is None:
            left.append(one)
        else:
            groups.append(named)
    if not groups:
        return None, request
    found = tuple(one for one in dict.fromkeys(groups[0]) if all(one in group for group in groups[1:]))
    return found, replace(request, criteria=tuple(left))


def _patients(request: Request, one: Criterion) -> list[str] | None:
    if request.kind == "Patient":
        return _ids(one) if one.name == "_id" and not one.modifier else None
    if one.name not in ("patient", "subject") or one.modifier not in ("", "Patient") or not one.value:
        return None
    if PARAMETERS[request.kind][one.name].source not in ("subject", "patient", "for"):
        return None
    found = []
    for text in cut(one.value, ","):
        kind, identity = local(plain(text), request.place.base) or ("", plain(text))
        if ":" in identity or (kind and kind != "Patient"):
            return None
        found.append(identity)
    return found


def _ids(one: Criterion) -> list[str]:
    return [str(token(text, "_id").code) for text in cut(one.value, ",") if text]


def observation_query(request: Request, count: int) -> ObservationQuery:
    """The search of Observations with its plain conditions as fields, which columns decide."""
    known = request.worked_out.get(count)
    if known is None:
        known = request.worked_out[count] = _observation_query(request, count)
    found: ObservationQuery = known
    return found


def _observation_query(request: Request, count: int) -> ObservationQuery:
    def plainly(name: str) -> Sequence[str]:
        return [one.value for one in request.criteria if one.name == name and not one.modifier]

    def tokens(name: str) -> tuple[tuple[Token, ...], ...]:
        return tuple(tuple(token(text, name) for text in cut(value, ",")) for value in plainly(name))

    ids = [_ids(one) for one in request.criteria if one.name == "_id" and not one.modifier]
    return ObservationQuery(
        codes=tokens("code"),
        categories=tokens("category"),
        statuses=tokens("status"),
        dates=tuple(dates(value, "date", request.place.zone) for value in plainly("date")),
        ids=tuple(one for one in ids[0] if all(one in group for group in ids[1:])) if ids else None,
        descending=not request.sort or request.sort[0].descending,
        count=count,
        criteria=request.criteria,
    )
