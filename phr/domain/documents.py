"""FHIR documents on their way in: validated with fhir.resources, described for search, kept to the last digit."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import import_module
from typing import Any, Final
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from consent.categories import CATEGORIES, category_of
from phr.domain.fhir.texts import dump, instant, parse
from phr.domain.fhir.types import DIRECTORY, UNCLASSIFIED, Kind, kinds
from phr.domain.query import moment_range
from phr.errors import Invalid

__all__ = ["Described", "describe", "dump", "filed", "instant", "parse", "validate"]
TYPES: Final = frozenset(kinds())
MOTHER_CHILD: Final = "urn:phr:questionnaire:mother-child"
"""The form of the mother-child record: its answers are about the child's record, not a questionnaire's."""
_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_MEMBER: Final = re.compile(r"_?[a-z][A-Za-z0-9]*", re.ASCII)
_PATIENT: Final = re.compile(r"Patient/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@cache
def _model(kind: str) -> Any:
    return getattr(import_module(f"fhir.resources.R4B.{kind.lower()}"), kind)


def validate(resource: dict[str, Any]) -> None:
    """Refuses what is not a valid FHIR R4 resource; names the element, never its value.

    fhir.resources has R4B; the types of this service have the same elements in R4 and R4B.
    """
    kind = resource.get("resourceType")
    if not isinstance(kind, str) or kind not in TYPES:
        raise Invalid("a type that this service does not hold", field="resourceType")
    try:
        _model(kind).model_validate(resource)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        known = first["loc"][:-1] if first["type"] == "extra_forbidden" else first["loc"]
        place = (
            ".".join(str(part) for part in known) or kind
        )  # a name that FHIR does not know may be anybody's
        raise Invalid(f"is not valid FHIR R4 ({first['type']})", field=place) from error
    except (RecursionError, ValueError, TypeError, AttributeError, AssertionError) as error:
        raise Invalid("is not valid FHIR R4", field=kind) from error
    _refuse_empty(resource, kind)
    for name, codes in kinds()[kind].codes.items():
        element = name.removesuffix("?")
        given = resource.get(element)
        if given not in codes and not (name.endswith("?") and given is None):
            raise Invalid("is not a code of the required value set", field=f"{kind}.{element}")


def _refuse_empty(value: Any, place: str) -> None:
    """Refuses null members and empty objects, which FHIR JSON does not have, and the sign 0, which no database keeps.

    A member whose name FHIR cannot have is one of the library's own spellings (``status__ext``, ``for_fhir``).
    """
    if isinstance(value, dict):
        if not value:
            raise Invalid("must not be empty", field=place)
        for name, one in value.items():
            if _MEMBER.fullmatch(name) is None:
                raise Invalid("holds a member that FHIR does not know", field=place)
            if one is None:
                raise Invalid("must not be null", field=f"{place}.{name}"[:100])
            _refuse_empty(one, f"{place}.{name}"[:100])
    elif isinstance(value, list):
        for one in value:
            _refuse_empty(one, place)
    elif isinstance(value, str) and "\0" in value:
        raise Invalid("holds a control character", field=place)


@dataclass(frozen=True, slots=True)
class Described:
    """A validated document with what search and the door need to know of it.

    category: of consent; None when its code is in no group (never shared, so not taken).
    """

    type: str
    id: str
    subject: str
    category: str | None
    day: date
    codes: Sequence[str]
    labels: Sequence[str]
    status: str
    low: datetime | None
    high: datetime | None
    resource: dict[str, Any]

    def stored_body(self, version: int, now: datetime) -> str:
        """The text that is kept and given back, with the server's version and time."""
        meta = {**self.resource.get("meta", {}), "versionId": str(version), "lastUpdated": instant(now)}
        rest = {
            key: value for key, value in self.resource.items() if key not in ("resourceType", "id", "meta")
        }
        return dump({"resourceType": self.type, "id": self.id, "meta": meta, **rest})

    def same_content(self, body: str) -> bool:
        """Whether a stored text says the same, versions aside."""
        return _content(parse(body.encode())) == _content(self.resource)


def _content(resource: dict[str, Any]) -> str:
    meta = {k: v for k, v in resource.get("meta", {}).items() if k not in ("versionId", "lastUpdated")}
    return dump({**{k: v for k, v in sorted(resource.items()) if k not in ("meta", "id")}, "meta": meta})


def describe(resource: dict[str, Any], zone: ZoneInfo, new_id: Callable[[], str]) -> Described:
    """Validates a resource and reads what the service needs from it. Raises Invalid."""
    validate(resource)
    kind = str(resource["resourceType"])
    identity = str(resource.get("id") or new_id())
    if _ID.fullmatch(identity) is None:
        raise Invalid("not a FHIR id", field=f"{kind}.id")
    known = kinds()[kind]
    codings = [
        pair for name in known.code for concept in _several(resource.get(name)) for pair in _codings(concept)
    ]
    low, high = _when(known, resource, zone)
    day = (low or _EPOCH).astimezone(zone).date()
    return Described(
        type=kind,
        id=identity,
        subject=subject_of(resource),
        category=_category(known, codings, resource),
        day=day,
        codes=tuple(f"{system}|{code}" for system, code in codings),
        labels=tuple(
            f"{system}|{code}"
            for concept in _several(resource.get("category"))
            for system, code in _codings(concept)
        ),
        status=str(resource.get(known.status, "")),
        low=low,
        high=high,
        resource={**resource, "id": identity},
    )


def _category(kind: Kind, codings: Sequence[tuple[str, str]], resource: dict[str, Any]) -> str | None:
    if kind.category == "by-code":
        known = [category_of(system, code) for system, code in codings]
        return next((one for one in known if one is not None), None)
    form = str(resource.get("questionnaire", "")).split("|")[0]
    if kind.name == "QuestionnaireResponse" and form == MOTHER_CHILD:
        return "child"
    return kind.category if kind.category in CATEGORIES else None


def category_of_observation(resource: dict[str, Any]) -> str | None:
    """The kind of data of an Observation that nobody has validated yet, as far as it can be read; None for no known one."""
    try:
        found = _codings(resource.get("code"))
    except (TypeError, AttributeError):
        return None
    return next((one for system, code in found if (one := category_of(system, code)) is not None), None)


def filed(one: Described) -> str:
    """Under which category a document is kept: that of consent; of what no consent knows, one that only the person sees."""
    if one.category is not None:
        return one.category
    return DIRECTORY if kinds()[one.type].directory and not one.subject else UNCLASSIFIED


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _codings(concept: Any) -> list[tuple[str, str]]:
    if not isinstance(concept, dict):
        return []
    return [
        (str(one.get("system", "")), str(one["code"])) for one in concept.get("coding", []) if "code" in one
    ]


def subject_of(resource: dict[str, Any]) -> str:
    """The Patient whom a valid resource is about; "" for none. Raises Invalid for several people."""
    kind = kinds()[str(resource["resourceType"])]
    references = [
        one for name in kind.person for one in _several(resource.get(name)) if isinstance(one, dict)
    ]
    named = [_PATIENT.fullmatch(str(one.get("reference", ""))) for one in references]
    people = {match.group(1) for match in named if match is not None}
    if len(people) > 1:
        raise Invalid("must be about one person", field=f"{kind.name}.{kind.person[0]}")
    return next(iter(people), "")


def _when(kind: Kind, resource: dict[str, Any], zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """The instants [low, high) of the first element that says when it was; None for an open end."""
    for name in kind.time:
        given = resource.get(name)
        if isinstance(given, dict):
            first = moment_range(str(given["start"]), "period.start", zone) if "start" in given else None
            last = moment_range(str(given["end"]), "period.end", zone) if "end" in given else None
            return None if first is None else _moment(first[0]), None if last is None else _moment(last[1])
        if given is not None:
            low, high = moment_range(str(given), name, zone)
            return _moment(low), _moment(high)
    return None, None


def _moment(us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=us)
