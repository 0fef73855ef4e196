"""What the resident's pages receive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, Literal

from phr.web.charts import Chart
from phr.web.views.earning import PointProof, PointReview
from phr.web.views.home import GlucoseShares, HomeWeek, OwnChange
from phr.web.views.parts import CheckUp, Proof

Period = Literal["day", "week", "month", "year"]
TYPED: Final = ("weight", "temperature", "glucose")
"""Vitals of one number that people type by hand. Steps are counted by devices only: typed ones would earn nothing."""
Where = Literal["unknown", "usual", "above", "below"]


@dataclass(frozen=True, slots=True)
class Vital:
    """The newest value of one vital. ``vital`` is blood-pressure, steps, sleep, weight ... (words.VITALS).

    ``values`` is empty when nothing was measured; blood pressure has upper and lower. ``usual`` is the own usual range
    of the first value, None while there are too few days (``days_missing`` says how many more are needed). ``week`` is the
    judgement of blood pressure, ``change`` that against the own past: one value alone is never judged.
    """

    vital: str
    at: datetime | None
    values: tuple[float, ...]
    usual: tuple[float, float] | None
    axis: tuple[float, float]
    limits: tuple[float, ...] = ()
    goal: float | None = None
    days_missing: int = 0
    week: HomeWeek | None = None
    change: OwnChange | None = None

    @property
    def where(self) -> Where:
        """Where the first value lies against the own usual range."""
        if not self.values or self.usual is None:
            return "unknown"
        low, high = self.usual
        return "below" if self.values[0] < low else "above" if self.values[0] > high else "usual"


@dataclass(frozen=True, slots=True)
class NextStep:
    """One thing to do (words.NEXT_STEPS); ``number`` fills its sentence; ``href`` is a page of ours."""

    step: str
    href: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Today:
    """The first page. ``lead`` is the one sentence on how things are (words.LEADS).

    ``decide``: the text of something that is shared has changed, and the person is asked again.
    """

    day: date
    lead: str
    next_step: NextStep | None
    vitals: tuple[Vital, ...]
    points: int
    points_week: int
    readers_week: int
    expiring: tuple[int, date] | None = None
    decide: bool = False


@dataclass(frozen=True, slots=True)
class SlotAverage:
    """The mean of one week's mornings or evenings; shown only from ``needed`` days on (five, JSH)."""

    slot: Literal["morning", "evening"]
    days: int
    needed: int
    values: tuple[float, float] | None
    limits: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Entry:
    """The form for own measurements: what was typed, and what is wrong with it (field -> words.ENTRY_PROBLEMS)."""

    typed: dict[str, str]
    problems: dict[str, str]


@dataclass(frozen=True, slots=True)
class SourceShare:
    """A device and the minutes of the day that its values stand for."""

    label: str
    minutes: int


@dataclass(frozen=True, slots=True)
class Record:
    """One vital over a day, a week, four weeks or a year. ``chart`` None means: no record in this period.

    doubts: how many unlikely values of any kind wait for the person's word. ``fine``: whether the day has more samples
    than the chart has rows. ``collecting``: whether anything of this kind may be taken in at all.
    """

    vital: str
    period: Period
    first: date
    last: date
    chart: Chart | None
    earlier: date | None
    later: date | None
    averages: tuple[SlotAverage, ...] = ()
    week: tuple[date, date] | None = None
    urgent: bool = False
    saved: bool = False
    entry: Entry | None = None
    shares: tuple[SourceShare, ...] = ()
    home: HomeWeek | None = None
    change: OwnChange | None = None
    glucose: GlucoseShares | None = None
    doubts: int = 0
    fine: bool = False
    collecting: bool = True


@dataclass(frozen=True, slots=True)
class Received:
    """A recipient who already got data: it cannot be called back."""

    name: str
    at: datetime
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a consent leaves out: kinds, or days of the data; empty and None stand for any."""

    categories: tuple[str, ...]
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class ConsentCard:
    """One purpose: who, what, why, how long, which country; on or off. ``version`` is of the consent, 0 when never given.

    ``use`` and ``keep``: the text in each language. ``asks_again``: the last day on which what was agreed to still counts.
    ``editable``: whether the page can begin it; else it is begun elsewhere.
    """

    purpose: str
    on: bool
    recipients: tuple[str, ...]
    categories: tuple[str, ...]
    until: date | None
    countries: tuple[str, ...]
    version: int
    text_version: str
    received: tuple[Received, ...] = ()
    use: Mapping[str, str] | None = None
    keep: Mapping[str, str] | None = None
    left_out: tuple[LeftOut, ...] = ()
    asks_again: date | None = None
    editable: bool = True


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was decided and committed, and what that did. ``stopped`` are codes of words.STOPPED, ``counts`` of words.EFFECT.

    ``denied_at``: when a read from outside was first seen refused. ``by``: who agreed, where somebody else did.
    """

    number: str
    purpose: str
    on: bool
    version: int
    committed_at: datetime
    text_version: str
    check_code: str
    stopped: tuple[str, ...]
    received: tuple[Received, ...]
    counts: tuple[tuple[str, int], ...] = ()
    denied_at: datetime | None = None
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConsentChange:
    """One line of the history of decisions. ``way``: words.WAYS; ``number``: of its receipt."""

    at: datetime
    purpose: str
    on: bool
    version: int
    way: str
    number: str = ""


@dataclass(frozen=True, slots=True)
class Sharing:
    """Every purpose, the receipt after a change, and all earlier decisions."""

    cards: tuple[ConsentCard, ...]
    receipt: Receipt | None
    history: tuple[ConsentChange, ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """One line of the log. ``role``: words.ROLES; ``action``: words.ACTIONS; ``outcome`` done, refused or emergency."""

    at: datetime
    who: str
    role: str
    organisation: str
    action: str
    categories: tuple[str, ...]
    purpose: str
    outcome: Literal["done", "refused", "emergency"] = "done"
    reason: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True)
class LookedFor:
    """What to look for among the reads: one day or the last ``span`` days, one role, one purpose."""

    day: date | None = None
    span: int = 30
    who: str = ""
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class WhoLooked:
    """Reads, newest first, of one ``day`` or of a ``span``; counts are of different people, the own person not counted.

    ``who`` and ``purpose`` are what was chosen, ``roles`` and ``purposes`` what there is to choose in this time;
    ``cut``: there were more than one page can tell. ``root``: the published number of ``day``, empty before it is made.
    """

    lines: tuple[Looked, ...]
    day: date | None
    first: date
    last: date
    readers: int
    refused: int
    proof: Proof | None
    span: int = 30
    who: str = ""
    purpose: str = ""
    roles: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    cut: bool = False
    root: str = ""


@dataclass(frozen=True, slots=True)
class CheckUpPage:
    """The own check-ups; None before the first."""

    check_up: CheckUp | None


@dataclass(frozen=True, slots=True)
class PointLine:
    """How points were earned. ``rule``: words.POINT_RULES; ``state``: granted, pending, reversed, expired, spent."""

    day: date
    points: int
    rule: str
    state: str
    reason: str = ""
    proof: PointProof | None = None


@dataclass(frozen=True, slots=True)
class Points:
    """The balance, as the ledger has it, and how it came about. ``rules``: what earns this year, by language.

    reviews: awards that a person looks at, or decided about; ``notice``: words "point-notice". unfunded: some of what
    waits does so because the year's budget is used up.
    """

    balance: int
    pending: int
    lines: tuple[PointLine, ...]
    expiring: tuple[tuple[date, int], ...] = ()
    ledger_reachable: bool = True
    rules: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reviews: tuple[PointReview, ...] = ()
    notice: str = ""
    unfunded: bool = False
    problems: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class More:
    """The page with everything that has no tab of its own."""
