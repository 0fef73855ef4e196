"""What the pages of families receive: for whom one acts, a child's record, check-ins, and the tooth-brushing game."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

Texts = Mapping[str, str]
"""A text by language."""


@dataclass(frozen=True, slots=True)
class ChildLine:
    """Somebody for whom one acts. years, months: the age; None without a birth date."""

    child: str
    name: str
    kind: str
    until: date
    may_enter: bool
    years: int | None
    months: int | None


@dataclass(frozen=True, slots=True)
class CheckInLine:
    """A check-in that was sent, and when it was answered."""

    check_in: str
    child: str
    sent_at: datetime
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class GuardianLine:
    """Somebody who acts or acted for oneself."""

    guardian: str
    kind: str
    since: date
    until: date
    ended: bool
    may_enter: bool


@dataclass(frozen=True, slots=True)
class FamilyPage:
    """Those for whom one acts, the check-ins, and who acts for oneself. notice: answered, gone or nothing."""

    children: tuple[ChildLine, ...]
    check_ins: tuple[CheckInLine, ...]
    guardians: tuple[GuardianLine, ...]
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """The measurements of one day. Places are the two percentiles between which each lies; None: no class of this age."""

    day: date
    years: int
    months: int
    weight: float | None
    height: float | None
    weight_place: tuple[int | None, int | None] | None
    height_place: tuple[int | None, int | None] | None


@dataclass(frozen=True, slots=True)
class Growth:
    """Growth. pictures: SVG of ours by measure; citation: of the survey, empty where no band is drawn.

    without: why there are no bands: "", no-sex, school-age. corrected: weeks of pregnancy by which ages are corrected.
    """

    rows: tuple[Measured, ...]
    pictures: Mapping[str, str]
    citation: str
    without: str
    corrected: int | None = None


@dataclass(frozen=True, slots=True)
class Shot:
    """One vaccination that was given. official: from the city's register; else reported by the family."""

    day: date
    official: bool
    lot: str


@dataclass(frozen=True, slots=True)
class VaccineLine:
    """One vaccine of the schedule: what was given, and the window of the next dose. state: done, open, later, over, ask."""

    key: str
    name: Texts
    state: str
    dose: int
    doses: int
    shots: tuple[Shot, ...]
    first: date | None
    last: date | None
    confirmed: bool


@dataclass(frozen=True, slots=True)
class LogLine:
    """What a guardian did."""

    at: datetime
    who: str
    wrote: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A form that was not accepted: which one, what was typed, and what is wrong by field."""

    form: str
    typed: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChildPage:
    """A child's record as one guardian sees it. hidden: kinds of data that this guardian does not see."""

    line: ChildLine
    born: date | None
    today: date
    growth: Growth
    vaccines: tuple[VaccineLine, ...]
    schedule_version: str
    weeks: int | None
    check_ups: Mapping[str, date | None]
    log: tuple[LogLine, ...]
    hidden: tuple[str, ...]
    entry: Entry | None = None
    notice: str = ""


@dataclass(frozen=True, slots=True)
class BrushingPage:
    """The game. action: where its buttons lead; own: the child's own page, without any name."""

    action: str
    own: bool
    today: date
    yesterday: date
    morning: bool
    evening: bool
    week: tuple[tuple[date, bool, bool], ...]
    streak: int
    ever: int
    stickers: tuple[int, ...]
    next_sticker: int | None
    in_class: bool
    class_times: int | None
    timer: int
    may_enter: bool = True
    notice: str = ""


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question with its answers, each with a key and a text by language."""

    key: str
    text: Texts
    answers: tuple[tuple[str, Texts], ...]


@dataclass(frozen=True, slots=True)
class HelpLine:
    """A telephone number that helps now."""

    number: str
    name: Texts


@dataclass(frozen=True, slots=True)
class CheckInPage:
    """A check-in. outcome: empty before it is answered, then none, call or now; reached: a nurse will see it."""

    check_in: str
    sent_at: datetime
    questions: tuple[AskedQuestion, ...]
    note_longest: int
    helps: tuple[HelpLine, ...]
    entry: Entry | None = None
    outcome: str = ""
    reached: bool = True


@dataclass(frozen=True, slots=True)
class StaffFamily:
    """A child whom the nurse guides. guardian: empty where the guardian shares nothing with her."""

    child: str
    name: str
    years: int | None
    months: int | None
    guardian: str
    guardian_name: str
    sent_at: datetime | None
    answered_at: datetime | None
    urgency: str


@dataclass(frozen=True, slots=True)
class StaffFamilies:
    """The families of the nurse. notice: sent, waiting, refused or nothing."""

    families: tuple[StaffFamily, ...]
    notice: str = ""
