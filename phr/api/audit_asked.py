"""What a search of AuditEvents asks for: FHIR parameters to conditions on the rows of the trail; what is unknown is refused."""

from __future__ import annotations

import base64
import binascii
import struct
from datetime import UTC, datetime
from typing import Final

from phr.api import parameters
from phr.domain.audit_query import After, AuditQuery, Words, matching, result_words, spans, words_of
from phr.domain.balp import ACCOUNT, IDENT, PURPOSE
from phr.domain.fhirsearch.criteria import Place
from phr.domain.query import Token, dates, split, tokens
from phr.errors import Invalid
from phr.ids import person_id
from phr.services.accounts import Caller

CURSOR: Final = struct.Struct(">qhq")
_KNOWN: Final = frozenset(
    {
        *("_id", "_count", "_cursor", "_format", "_pretty", "_sort"),
        *("action", "address", "agent", "agent-role", "date", "entity", "outcome", "patient"),
        *("purpose", "site", "source", "subtype", "type"),
    }
)
_BY_IDENTIFIER: Final = {"agent:identifier": "agent", "entity:identifier": "entity"}
_ACTIONS: Final = frozenset("CRUDE")
_MOST: Final = 200
_OBJECT: Final = "urn:phr:object"
_ROLE: Final = "urn:phr:role"


def possible(chain: int, seq: int) -> bool:
    """Whether the database can hold such a place."""
    return chain < 2**15 and seq < 2**63


def asked_for(given: parameters.Pairs, who: Caller, place: Place, city: str) -> AuditQuery | None:
    """The search; None where it can find nothing, as another's record for a resident. Raises Invalid."""
    parameters.check([(_BY_IDENTIFIER.get(name, name), value) for name, value in given], _KNOWN)
    if any(value != "-date" for name, value in given if name == "_sort"):
        raise Invalid("only -date: newest first", field="_sort")
    named = parameters.patients(given)
    own = who.role == "resident"
    if len(named) > 1 and not own:
        raise Invalid("name one patient", field="patient")
    actions = [split(value, ",") for value in _of(given, "action")]
    if any(one not in _ACTIONS for group in actions for one in group):
        raise Invalid("expected C, R, U, D or E", field="action")
    agents = _agents(given, place.base, city)
    entities = _entities(given, place.base, who)
    count = min(parameters.count(given), _MOST)
    asked = AuditQuery(
        person=who.person if own else person_id(named[0]) if named else None,
        times=tuple(spans(dates(value, "date", place.zone)) for value in _of(given, "date")),
        agents=agents,
        entities=entities,
        roles=tuple(
            words_of(tokens(one, "agent-role"), _ROLE, "agent-role") for one in _of(given, "agent-role")
        ),
        purposes=tuple(words_of(tokens(one, "purpose"), PURPOSE, "purpose") for one in _of(given, "purpose")),
        kinds=matching(_tokens(given, "type"), _tokens(given, "subtype"), actions),
        codes=result_words([split(value, ",") for value in _of(given, "outcome")]),
        idents=_idents(given),
        review=not own,
        count=count,
        after=_cursor(given),
    )
    elsewhere = own and _asked_patient(given) and who.subject not in named
    return None if elsewhere or count == 0 or not _from_here(given, place.base, city) else asked


def _of(given: parameters.Pairs, wanted: str) -> list[str]:
    return [value for name, value in given if name == wanted]


def _tokens(given: parameters.Pairs, wanted: str) -> list[tuple[Token, ...]]:
    return [tokens(value, wanted) for value in _of(given, wanted)]


def _asked_patient(given: parameters.Pairs) -> bool:
    return any(name.partition(":")[0] == "patient" for name, _value in given)


def _references(value: str, base: str) -> Words:
    """The alternatives of a reference, those of this server without its address."""
    return tuple(one.removeprefix(f"{base}/") for one in split(value, ","))


def _agents(given: parameters.Pairs, base: str, city: str) -> tuple[tuple[Words, Words], ...]:
    """Who took part: accounts, and organisations that received. The city takes part in every event."""
    found: list[tuple[Words, Words]] = []
    for value in _of(given, "agent"):
        named = _references(value, base)
        if city not in named:
            found.append(
                (tuple(one for one in named if "/" not in one), tuple(one for one in named if "/" in one))
            )
    found += [(words_of(group, ACCOUNT, "agent"), ()) for group in _tokens(given, "agent:identifier")]
    return tuple(found)


def _entities(given: parameters.Pairs, base: str, who: Caller) -> tuple[tuple[Words, Words], ...]:
    """What it was about: objects, and requests by their id. A resident's events are all about them."""
    found: list[tuple[Words, Words]] = []
    for value in _of(given, "entity"):
        named = _references(value, base)
        if who.role != "resident" or f"Patient/{who.subject}" not in named:
            found.append((named, ()))
    for group in _tokens(given, "entity:identifier"):
        requests = words_of([one for one in group if one.system != _OBJECT], "", "entity")
        found.append((words_of(group, _OBJECT, "entity"), requests))
    return tuple(found)


def _from_here(given: parameters.Pairs, base: str, city: str) -> bool:
    """Whether the source that is asked for is this server: every event is observed by the city at its address."""
    return (
        all(city in _references(value, base) for value in _of(given, "source"))
        and all(any(one.code == base and not one.system for one in group) for group in _tokens(given, "site"))
        and all(
            any(base.casefold().startswith(one.casefold()) for one in split(value, ","))
            for value in _of(given, "address")
        )
    )


def _idents(given: parameters.Pairs) -> tuple[tuple[int, int], ...] | None:
    groups = [split(value, ",") for value in _of(given, "_id")]
    if not groups:
        return None
    found = [IDENT.fullmatch(one) for one in groups[0] if all(one in group for group in groups)]
    places = [(int(one[1]), int(one[2])) for one in found if one is not None]
    return tuple(place for place in places if possible(*place))


def _cursor(given: parameters.Pairs) -> After | None:
    found = _of(given, "_cursor")
    if not found:
        return None
    try:
        raw = base64.urlsafe_b64decode(found[-1].encode("ascii") + b"==")
        after = After(*CURSOR.unpack(raw))
        datetime.fromtimestamp(after.at_us / 1_000_000, UTC)
    except (binascii.Error, struct.error, UnicodeError, ValueError, OverflowError, OSError) as error:
        raise Invalid("not a page of this search", field="_cursor") from error
    return after
