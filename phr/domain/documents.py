"""FHIR documents on their way in: validated with fhir.resources, described for search, kept to the last digit."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib import import_module
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from pydantic import ValidationError

from consent.categories import category_of
from phr.domain.query import moment_range
from phr.errors import Invalid

TYPES: Final = frozenset(
    {"Observation", "Patient", "Consent", "QuestionnaireResponse", "RiskAssessment", "Immunization", "Goal"}
)
MOTHER_CHILD: Final = "urn:phr:questionnaire:mother-child"
"""The form of the mother-child record: its answers are about the child's record, not a questionnaire's."""
_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_DIGITS: Final = 400  # of a number, and powers of ten: more is no measurement but an attack on arithmetic


def _decimal(text: str) -> Decimal:
    """A number as it was written."""
    found = Decimal(text) if len(text) <= _DIGITS else Decimal("NaN")
    if not found.is_finite() or abs(found.adjusted()) > _DIGITS:
        raise ValueError("a number out of bounds")
    return found


_DECODER: Final = msgspec.json.Decoder(float_hook=_decimal)
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_BY_TYPE: Final = {
    "QuestionnaireResponse": "questionnaire",
    "RiskAssessment": "guidance",
    "Goal": "guidance",
    "Immunization": "child",
}
_EVENT: Final = frozenset(
    ["registered", "preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error", "unknown"]
)
_STATES: Final = {
    "Observation": _EVENT,
    "RiskAssessment": _EVENT,
    "Consent": frozenset(["draft", "proposed", "active", "rejected", "inactive", "entered-in-error"]),
    "QuestionnaireResponse": frozenset(
        ["in-progress", "completed", "amended", "entered-in-error", "stopped"]
    ),
    "Immunization": frozenset(["completed", "entered-in-error", "not-done"]),
}  # required bindings, which fhir.resources does not check
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def parse(body: bytes) -> dict[str, Any]:
    """JSON with its decimals as they were written. Raises Invalid."""
    try:
        found = _DECODER.decode(body)
    except (msgspec.DecodeError, RecursionError, ValueError, ArithmeticError) as error:
        raise Invalid("not valid JSON", field="body") from error
    if not isinstance(found, dict):
        raise Invalid("expected a JSON object", field="body")
    return found


def dump(resource: dict[str, Any]) -> str:
    """JSON with decimals as they came."""
    return _ENCODER.encode(resource).decode()


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
    if kind in _STATES and resource.get("status") not in _STATES[kind]:
        raise Invalid("is not a code of the required value set", field=f"{kind}.status")


def _refuse_empty(value: Any, place: str) -> None:
    """Refuses null members, which FHIR JSON does not have, and the sign 0, which the database cannot keep."""
    if isinstance(value, dict):
        for name, one in value.items():
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


def instant(moment: datetime) -> str:
    """A FHIR instant."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def describe(resource: dict[str, Any], zone: ZoneInfo, new_id: Callable[[], str]) -> Described:
    """Validates a resource and reads what the service needs from it. Raises Invalid."""
    validate(resource)
    kind = str(resource["resourceType"])
    identity = str(resource.get("id") or new_id())
    if _ID.fullmatch(identity) is None:
        raise Invalid("not a FHIR id", field=f"{kind}.id")
    codings = _codings(resource.get("vaccineCode" if kind == "Immunization" else "code"))
    low, high = _effective(resource, zone)
    day = (low or _EPOCH).astimezone(zone).date()
    return Described(
        type=kind,
        id=identity,
        subject=_subject(resource),
        category=_category(kind, codings, resource),
        day=day,
        codes=tuple(f"{system}|{code}" for system, code in codings),
        labels=tuple(
            f"{system}|{code}"
            for concept in _several(resource.get("category"))
            for system, code in _codings(concept)
        ),
        status=str(resource.get("status", "")),
        low=low,
        high=high,
        resource={**resource, "id": identity},
    )


def _category(kind: str, codings: Sequence[tuple[str, str]], resource: dict[str, Any]) -> str | None:
    if kind == "Observation":
        known = [category_of(system, code) for system, code in codings]
        return next((one for one in known if one is not None), None)
    if (
        kind == "QuestionnaireResponse"
        and str(resource.get("questionnaire", "")).split("|")[0] == MOTHER_CHILD
    ):
        return "child"
    return _BY_TYPE.get(kind)


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _codings(concept: Any) -> list[tuple[str, str]]:
    if not isinstance(concept, dict):
        return []
    return [
        (str(one.get("system", "")), str(one["code"])) for one in concept.get("coding", []) if "code" in one
    ]


def _subject(resource: dict[str, Any]) -> str:
    reference = (resource.get("subject") or resource.get("patient") or {}).get("reference", "")
    return str(reference).removeprefix("Patient/") if str(reference).startswith("Patient/") else ""


def _effective(resource: dict[str, Any], zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """The instants [low, high) that the effective time names; None for an open end."""
    for name in ("effectiveDateTime", "effectiveInstant", "occurrenceDateTime", "authored"):
        if name in resource:
            low, high = moment_range(str(resource[name]), name, zone)
            return _moment(low), _moment(high)
    period = resource.get("effectivePeriod") or resource.get("occurrencePeriod")
    if isinstance(period, dict):
        low_range = moment_range(str(period["start"]), "period.start", zone) if "start" in period else None
        high_range = moment_range(str(period["end"]), "period.end", zone) if "end" in period else None
        return (
            None if low_range is None else _moment(low_range[0]),
            None if high_range is None else _moment(high_range[1]),
        )
    return None, None


def _moment(us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=us)
