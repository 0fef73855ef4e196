"""The values of a consent decision: request, provision, consent and decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, Literal

Effect = Literal["permit", "deny"]

OPEN_START: Final = datetime(1900, 1, 1, tzinfo=UTC)
"""Stands for "always has been"; earlier instants are read as this one."""
OPEN_END: Final = datetime(9000, 1, 1, tzinfo=UTC)
"""Stands for "no end"; later instants are read as this one."""

Reason = Literal[
    "self",
    "permitted",
    "denied",
    "unreadable-consent",
    "no-consent",
    "not-permitted",
    "unknown-recipient",
    "unknown-purpose",
    "unknown-category",
    "bad-time",
]
"""Stable words; the service translates them.

self               the person looks at their own data
permitted          a consent permits and none denies
denied             a consent denies
unreadable-consent a consent that may apply cannot be read, so it counts as a deny
no-consent         the person has no consent in force
not-permitted      consents are in force, but none permits this
unknown-...        the request names what no table has
bad-time           "now" has no offset
"""


@dataclass(frozen=True, slots=True)
class Request:
    """Who wants whose data of which day and kind, and why; ``person`` is the bare id of the Patient."""

    person: str
    recipient: str
    purpose: str
    category: str
    day: date

    @property
    def own(self) -> bool:
        """Whether the person looks at their own data."""
        return self.purpose == "self" and bool(self.person) and self.recipient == f"Patient/{self.person}"


@dataclass(frozen=True, slots=True)
class Period:
    """When a rule is in force: instants, the start in it, the end not."""

    start: datetime = OPEN_START
    end: datetime = OPEN_END


@dataclass(frozen=True, slots=True)
class Days:
    """Civil days of the data, both inclusive."""

    first: date = date.min
    last: date = date.max


@dataclass(frozen=True, slots=True)
class Provision:
    """One rule. None for a set means any; ``unknown`` says that it has an element this service does not know."""

    type: Effect
    period: Period = Period()
    recipients: frozenset[str] | None = None
    purposes: frozenset[str] | None = None
    categories: frozenset[str] | None = None
    data_period: Days = Days()
    children: tuple[Provision, ...] = ()
    unknown: bool = False

    def __post_init__(self) -> None:
        """Refuses an empty set: it would say "nobody" in a permit and hide a deny."""
        if any(kind is not None and not kind for kind in (self.recipients, self.purposes, self.categories)):
            raise ValueError("a provision names at least one value of each kind, or leaves the kind out")


@dataclass(frozen=True, slots=True)
class Source:
    """What the person was shown and how they agreed; ``scan`` is the SHA-256 of a scanned form, in hex."""

    text_version: str
    way: str
    language: str = "ja"
    scan: str = ""


@dataclass(frozen=True, slots=True)
class Consent:
    """One version of a consent. ``problem`` says why it cannot be read; it then counts as a deny.

    status, patient and date_time are None when they could not be read: the consent may then be in force,
    be anybody's, or be old. ``base`` is None exactly when there is a problem.
    """

    id: str | None
    version: int
    status: str | None
    patient: str | None
    date_time: datetime | None
    base: Provision | None
    problem: str = ""
    scope: str = "patient-privacy"
    performers: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()
    source: Source | None = None

    @property
    def text_version(self) -> str | None:
        """The version of the text that was agreed to, where it can be read."""
        return None if self.source is None else self.source.text_version

    def counts(self, person: str, now: datetime) -> bool:
        """Whether this consent may speak about that person now (rule 1)."""
        return (
            self.patient in (None, person)
            and self.status in (None, "active")
            and (self.date_time is None or self.date_time <= now)
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer with its reason; ``provision`` is the FHIRPath of the rule that decided."""

    permit: bool
    reason: Reason
    consent: str | None = None
    provision: str | None = None
