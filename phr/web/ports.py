"""What the pages need from the service: the session, and one method for each thing that a page shows or does.

Errors are those of phr.errors. Invalid names the field of a form; NotFound and NotAllowed become the pages that say
so; Conflict means that somebody was quicker. Everything else is the error page.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

from phr.web.views.cards import Cards
from phr.web.views.connect import Connect
from phr.web.views.operate import AuditReview, Status
from phr.web.views.research import Catalogue, Release
from phr.web.views.resident import CheckUpPage, Period, Points, Record, Sharing, Today, WhoLooked
from phr.web.views.signin import Way
from phr.web.views.staff import Case, WorkList
from phr.web.views.uploads import Uploads

Role = Literal["resident", "nurse", "researcher", "operator"]


class Session(Protocol):
    """Who is signed in, as the pages see it. ``csrf`` is the secret of this session's forms."""

    @property
    def subject(self) -> str:
        """The opaque id of the person who is signed in."""
        ...

    @property
    def role(self) -> Role:
        """The one role of this session."""
        ...

    @property
    def name(self) -> str:
        """The name shown in the header."""
        ...

    @property
    def organisation(self) -> str:
        """The division or institution shown for staff; empty for residents."""
        ...

    @property
    def csrf(self) -> str:
        """The token that every form of this session carries."""
        ...


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that was just made: the value of its cookie, its role, and how long it may live."""

    cookie: str
    role: Role
    max_age: int


@dataclass(frozen=True, slots=True)
class BloodPressureEntry:
    """A blood pressure typed by hand. ``slot`` is what the person said, empty lets the time decide."""

    systolic: float
    diastolic: float
    pulse: float | None
    slot: Literal["morning", "evening", ""]
    symptoms: frozenset[str]


@dataclass(frozen=True, slots=True)
class WeightEntry:
    """A body weight typed by hand, in kg."""

    weight: float


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of an entry; ``urgent`` when it asks to rest and measure again, or to call."""

    urgent: bool


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact as the nurse records it."""

    way: Literal["phone", "visit", "letter", "message"]
    outcome: Literal["reached", "not-reached"]
    memo: str


@dataclass(frozen=True, slots=True)
class ResearchRequest:
    """A request for de-identified data."""

    title: str
    protocol: str
    committee: str
    purpose: str
    variables: tuple[str, ...]
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Download:
    """A file on its way out: its media type and its bytes in pieces (the consent is checked again before each file)."""

    media_type: str
    content: Iterator[bytes]


class SignInPages(Protocol):
    """Signing in and out."""

    def ways(self) -> tuple[Way, ...]:
        """The ways offered, easiest first."""
        ...

    def sign_in_link(self, token: str) -> SignedIn | None:
        """A session for a one-time token; None when it is unknown, used or too old."""
        ...

    def sign_in_password(self, number: str, passphrase: str) -> SignedIn | None:
        """A session for a number and passphrase; None when they do not fit."""
        ...

    def sign_out(self, session: Session) -> None:
        """End this session now."""
        ...


class ResidentPages(Protocol):
    """What a resident sees and does with the own record."""

    def today(self, session: Session) -> Today:
        """How things are now."""
        ...

    def record(self, session: Session, vital: str, period: Period, last: date | None) -> Record:
        """One vital over the period that ends with ``last`` (None: today). NotFound for an unknown vital."""
        ...

    def add_blood_pressure(self, session: Session, entry: BloodPressureEntry) -> Saved:
        """Store a typed blood pressure. Invalid (field systolic, diastolic or pulse) when it is implausible."""
        ...

    def add_weight(self, session: Session, entry: WeightEntry) -> Saved:
        """Store a typed weight. Invalid (field weight) when it is implausible."""
        ...

    def sharing(self, session: Session, receipt: str) -> Sharing:
        """All purposes; with the receipt of that number when it is the person's own."""
        ...

    def share(self, session: Session, purpose: str, *, on: bool, version: int) -> str:
        """Record the decision and return the receipt's number. Conflict when ``version`` is no longer the newest."""
        ...

    def who_looked(self, session: Session, day: date | None) -> WhoLooked:
        """The reads of the own record, of one day or of the last 30 days."""
        ...

    def check_up(self, session: Session) -> CheckUpPage:
        """The own check-ups, three years at most, oldest first."""
        ...

    def points(self, session: Session) -> Points:
        """The balance from the ledger, and how it came about."""
        ...


class ConnectPages(Protocol):
    """What a resident sees and does with a connection to a data cloud."""

    def connection(self, session: Session, notice: str) -> Connect:
        """The connection as it stands, and what was not taken in; ``notice`` says what just happened."""
        ...

    def connect(self, session: Session) -> str:
        """Where to send the person. NotAllowed (no-consent), Refused (not set up), Busy."""
        ...

    def connected(self, session: Session, state: str, code: str) -> str:
        """Take the person back: connected or partly. NotAllowed (attempt, scopes, no-consent), Refused, Busy."""
        ...

    def disconnect(self, session: Session) -> None:
        """End the connection now; what it brought stays."""
        ...


@dataclass(frozen=True, slots=True)
class Coming:
    """A file that a resident sends: how much of it is here, its state and what is wrong (sentences "upload-error")."""

    ident: str
    size: int
    received: int
    state: str
    error: str = ""


class Piece(Protocol):
    """A piece of a file while it arrives."""

    def write(self, data: bytes) -> None:
        """Append. Refused when more comes than was announced, or there is no room."""
        ...

    def check(self, digest: str) -> None:
        """Refused, and the piece forgotten, when its SHA-256 is another one."""
        ...


class UploadPages(Protocol):
    """What a resident sees and does with files. NotFound for an id that is not theirs."""

    def uploads(self, session: Session, notice: str, *, again: bool = False) -> Uploads:
        """The own files; ``again`` when the page only looks how far they are."""
        ...

    def upload_begin(
        self, session: Session, name: str, size: int, *, fingerprint: str = "", digest: str = ""
    ) -> Coming:
        """Announce a file, or find the unfinished one. NotAllowed (no-consent), Refused with its ``word``."""
        ...

    def upload_state(self, session: Session, ident: str) -> Coming:
        """How far a file has come."""
        ...

    def upload_part(
        self, session: Session, ident: str, offset: int, *, all_or_nothing: bool = False
    ) -> AbstractContextManager[Piece]:
        """A place to write the next piece to. Refused with its ``word``; Conflict when it was ended meanwhile."""
        ...

    def upload_finish(self, session: Session, ident: str, *, whole: bool = False) -> Coming:
        """What follows a piece: a complete file waits to be read. Refused with its ``word``."""
        ...

    def upload_end(self, session: Session, ident: str) -> None:
        """End a file at once and delete it."""
        ...


class CardPages(Protocol):
    """What a resident sees and does with cards for shared gateway boxes."""

    def cards(self, session: Session, notice: str) -> Cards:
        """The own cards that work."""
        ...

    def new_card(self, session: Session, label: str) -> Cards:
        """The same with a new card, whose code is shown this once."""
        ...

    def end_card(self, session: Session, card: str) -> None:
        """End a card now. NotFound when it is not theirs or has ended."""
        ...


class StaffPages(Protocol):
    """What a nurse sees and does. Every read is for the purpose guidance and is audited."""

    def work_list(self, session: Session, kind: str, page: int) -> WorkList:
        """Open cases, red first; ``kind`` filters when it is not empty."""
        ...

    def claim(self, session: Session, case: str, version: int) -> None:
        """Take the case. Conflict when somebody holds it or ``version`` is old."""
        ...

    def case(self, session: Session, case: str) -> Case:
        """One case. NotFound when it is not of this nurse's organisation."""
        ...

    def record_contact(self, session: Session, case: str, contact: Contact) -> None:
        """Record a contact; only the holder may."""
        ...

    def decide_case(self, session: Session, case: str, version: int, decision: str, reason: str) -> None:
        """Record a decision (words "decision") with its reason. Conflict when ``version`` is old."""
        ...

    def close_case(self, session: Session, case: str, version: int, outcome: str, reason: str) -> None:
        """Close with an outcome (words "close") and a reason. Conflict when ``version`` is old."""
        ...

    def undo(self, session: Session, case: str, event: str) -> None:
        """Take back an event. Refused when it is too late."""
        ...


class ResearchPages(Protocol):
    """What a researcher sees and does. No count below k comes back."""

    def catalogue(self, session: Session) -> Catalogue:
        """The variables with their counts, and the own requests."""
        ...

    def request_data(self, session: Session, request: ResearchRequest) -> str:
        """File the request and return its number."""
        ...

    def release(self, session: Session, number: str) -> Release:
        """One release. NotFound when it is not of this researcher."""
        ...

    def release_file(self, session: Session, number: str, name: str) -> Download:
        """One file of a release. NotFound, or NotAllowed when it was withdrawn meanwhile."""
        ...


class OperatorPages(Protocol):
    """What the operator sees and does: counts and states."""

    def status(self, session: Session) -> Status:
        """How the service is."""
        ...

    def audit_review(self, session: Session) -> AuditReview:
        """Reads to review, oldest open first."""
        ...

    def review_audit(self, session: Session, ident: str, finding: str) -> None:
        """Record a finding (sentences "finding") for one read."""
        ...

    def approve_request(self, session: Session, number: str) -> None:
        """Approve a request for de-identified data. Refused when another person must."""
        ...


class Services(
    SignInPages,
    ResidentPages,
    ConnectPages,
    UploadPages,
    CardPages,
    StaffPages,
    ResearchPages,
    OperatorPages,
    Protocol,
):
    """Everything that the pages need, as ``app.state.services``."""
