"""What a resident sees and does with the own record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

from phr.web.columns import Fine
from phr.web.ports.session import Session
from phr.web.views.resident import CheckUpPage, LookedFor, Period, Points, Record, Sharing, Today, WhoLooked


@dataclass(frozen=True, slots=True)
class Terms:
    """What somebody leaves out when they share: kinds, and days of the data; and the last day of sharing."""

    without: tuple[str, ...] = ()
    first: date | None = None
    last: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class BloodPressureEntry:
    """A blood pressure typed by hand. ``slot`` is what the person said, empty lets the time decide."""

    systolic: float
    diastolic: float
    pulse: float | None
    slot: Literal["morning", "evening", ""]
    symptoms: frozenset[str]


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of an entry; ``urgent`` when it asks to rest and measure again, or to call."""

    urgent: bool


class ResidentPages(Protocol):
    """What a resident sees and does with the own record."""

    def today(self, session: Session) -> Today:
        """How things are now."""
        ...

    def record(self, session: Session, vital: str, period: Period, last: date | None) -> Record:
        """One vital over the period that ends with ``last`` (None: today). NotFound for an unknown vital."""
        ...

    def record_samples(self, session: Session, vital: str, day: date, most: int) -> Fine:
        """The samples of one day of a stream, at most about so many. NotFound for a vital that is no stream."""
        ...

    def add_blood_pressure(self, session: Session, entry: BloodPressureEntry) -> Saved:
        """Store a typed blood pressure. Invalid (field systolic, diastolic or pulse) when it is implausible."""
        ...

    def add_value(self, session: Session, vital: str, value: float) -> Saved:
        """Store a typed weight, temperature or glucose. Invalid (field: the vital) when it is implausible."""
        ...

    def sharing(self, session: Session, receipt: str) -> Sharing:
        """All purposes; with the receipt of that number when it is the person's own."""
        ...

    def share(
        self, session: Session, purpose: str, *, on: bool, version: int, terms: Terms | None = None
    ) -> str:
        """Record the decision and return the receipt's number. Conflict when ``version`` is no longer the newest."""
        ...

    def receipt_file(self, session: Session, number: str, *, pdf: bool) -> bytes:
        """The receipt of one version of a consent, as PDF or JSON. NotFound when it is not the person's own."""
        ...

    def who_looked(self, session: Session, asked: LookedFor) -> WhoLooked:
        """The reads of the own record that are asked for."""
        ...

    def check_up(self, session: Session) -> CheckUpPage:
        """The own check-ups, three years at most, oldest first."""
        ...

    def points(self, session: Session) -> Points:
        """The balance from the ledger, and how it came about."""
        ...
