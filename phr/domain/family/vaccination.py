"""Vaccinations: which windows of the public schedule are open, coming or over; a list to ask about, never an order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Literal

from phr.domain.family.ages import add_months
from phr.domain.family.tables import hold, table

State = Literal["done", "open", "later", "over", "ask"]
_APRIL: Final = 4


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time, as schedules give it."""

    months: int = 0
    days: int = 0

    def after(self, day: date) -> date:
        """The day that lies so long after another."""
        return add_months(day, self.months) + timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Dose:
    """When one dose may be given, by age and by what was given before."""

    start: Span = Span()
    end: Span = Span()
    after_first: Span | None = None
    after_last: Span | None = None
    before_school: bool = False

    def window(self, born: date) -> tuple[date, date]:
        """First day, and the first day that is too late."""
        if self.before_school:
            year = born.year + (6 if (born.month, born.day) <= (_APRIL, 1) else 7)  # the April of school
            return date(year - 1, _APRIL, 1), date(year, _APRIL, 1)
        return self.start.after(born), self.end.after(born)


@dataclass(frozen=True, slots=True)
class Vaccine:
    """One vaccine of the schedule."""

    key: str
    ja: str
    en: str
    doses: tuple[Dose, ...]
    begin_before: Span | None
    sex: str
    ask: bool
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Schedule:
    """The schedule with its version and sources."""

    version: str
    title: str
    sources: tuple[str, ...]
    vaccines: tuple[Vaccine, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One vaccine for one child. dose: the next one's number; first, last: its window, both inclusive."""

    vaccine: Vaccine
    state: State
    dose: int
    given: tuple[date, ...]
    first: date | None = None
    last: date | None = None


def _span(raw: Mapping[str, Any] | None) -> Span | None:
    if raw is None:
        return None
    found = Span(int(raw.get("months", 0)), int(raw.get("days", 0)))
    hold(set(raw) <= {"months", "days"} and (found.months > 0 or found.days > 0), "span")
    return found


def _dose(raw: Mapping[str, Any]) -> Dose:
    if raw.get("before_school_year"):
        return Dose(before_school=True)
    start, end = _span(raw["from"]), _span(raw["before"])
    hold(start is not None and end is not None, "from and before")
    return Dose(start or Span(), end or Span(), _span(raw.get("after_first")), _span(raw.get("after_last")))


def schedule_of(raw: Mapping[str, Any]) -> Schedule:
    """The schedule of a parsed table."""
    vaccines = tuple(
        Vaccine(
            str(row["key"]),
            str(row["ja"]),
            str(row["en"]),
            tuple(_dose(each) for each in row["doses"]),
            _span(row.get("begin_before")),
            str(row.get("sex", "")),
            bool(row.get("ask", False)),
            bool(row["confirmed"]),
        )
        for row in raw["vaccine"]
    )
    sources = tuple(str(each) for each in raw["sources"])
    hold(bool(sources) and all(vaccine.doses for vaccine in vaccines), "sources or doses")
    hold(len({vaccine.key for vaccine in vaccines}) == len(vaccines), "a vaccine twice")
    return Schedule(str(raw["version"]), str(raw["title"]), sources, vaccines)


SCHEDULE: Final = table("vaccination", schedule_of)


def due(
    born: date, sex: str, given: Mapping[str, Sequence[date]], today: date, schedule: Schedule = SCHEDULE
) -> list[Line]:
    """Every vaccine of the schedule for one child, in its order."""
    return [
        line_of(vaccine, born, sorted(given.get(vaccine.key, ())), today)
        for vaccine in schedule.vaccines
        if vaccine.sex in ("", sex) or vaccine.key in given
    ]


def line_of(vaccine: Vaccine, born: date, given: Sequence[date], today: date) -> Line:
    """What comes next of one vaccine."""
    number, taken = len(given) + 1, tuple(given)
    if number > len(vaccine.doses):
        return Line(vaccine, "ask" if vaccine.ask else "done", len(given), taken)
    dose = vaccine.doses[number - 1]
    first, end = dose.window(born)
    if given and dose.after_first is not None:
        first = max(first, dose.after_first.after(given[0]))
    if given and dose.after_last is not None:
        first = max(first, dose.after_last.after(given[-1]))
    line = Line(vaccine, "open", number, taken, first, end - timedelta(days=1))
    return Line(vaccine, _state(line, born, today), number, taken, line.first, line.last)


def _state(line: Line, born: date, today: date) -> State:
    first, last = line.first or today, line.last or today
    if first > last or today > last:
        return "over"
    limit = line.vaccine.begin_before
    began = line.given[0] if line.given else today
    if limit is not None and began >= limit.after(born):
        return "ask"  # who began late has another series
    return "later" if today < first else "open"
