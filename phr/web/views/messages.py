"""What the pages of messages and letters receive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class MessageLine:
    """One message. texts: ja, easy, en."""

    kind: str
    texts: Mapping[str, str]
    at: datetime
    channel: str
    read: bool


@dataclass(frozen=True, slots=True)
class AddressLine:
    """A way to the person. word: what is sent to the city's LINE account while it is not linked."""

    address: str
    channel: str
    shown: str
    verified: bool
    word: str = ""


@dataclass(frozen=True, slots=True)
class ChoiceLine:
    """What was chosen for one kind of message. channels empty: any."""

    kind: str
    wanted: bool
    stoppable: bool
    channels: tuple[str, ...]
    ways: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScreeningLine:
    """A screening that is open this fiscal year."""

    name: str
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Messages:
    """The inbox with its settings. ready: channels that the city has set up; notice: what was just done."""

    lines: tuple[MessageLine, ...]
    addresses: tuple[AddressLine, ...]
    choices: tuple[ChoiceLine, ...]
    ready: tuple[str, ...]
    push_key: str = ""
    screenings: tuple[ScreeningLine, ...] = ()
    reminded: bool = False
    today: date | None = None
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """The page behind the link that ends a kind of message. kind '': the link does not work (any more)."""

    kind: str
    token: str = ""
    done: bool = False


@dataclass(frozen=True, slots=True)
class LetterCandidate:
    """A case that a letter could answer. why: '' or what stands in the way."""

    case: str
    kind: str
    name: str
    kana: str
    district: str
    opened_at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class BatchLine:
    """A batch of letters."""

    batch: str
    kinds: tuple[str, ...]
    made_at: datetime
    letters: int
    posted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Letters:
    """The nurse's page of letters. paper: messages that wait for paper; beyond: cases that come after these."""

    candidates: tuple[LetterCandidate, ...]
    batches: tuple[BatchLine, ...]
    paper: int
    notice: str = ""
    beyond: int = 0


@dataclass(frozen=True, slots=True)
class LetterLine:
    """One letter of a batch."""

    place: int
    number: str
    kind: str
    name: str
    address: str
    state: str


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch. missing: letters whose consent has ended since; left_out: reason -> number, right after making."""

    line: BatchLine
    letters: tuple[LetterLine, ...]
    missing: int
    left_out: Mapping[str, int] = field(default_factory=dict)
    notice: str = ""
