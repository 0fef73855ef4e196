"""The points rules as data: read from points.toml, checked on load, refused as a whole when anything is wrong."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Any, Final

# MHLW guideline of 2016 and, for research, consent that must stay free: no file may make these earn.
NEVER: Final = frozenset(
    ("risk", "illness", "low_reading", "no_doctor_visit", "research_consent", "weight_self_report")
)
RECORDINGS: Final = frozenset(("device", "manual", "staff", "nurse", "official"))
PERIODS: Final = frozenset(("day", "occasion", "fiscal-year"))
EASY: Final = "ja@easy"
LOCALES: Final = ("ja", "en", EASY)
# Names go to whoever runs the ledger, so they say nothing about health.
_TELLING: Final = ("cancer", "diabet", "stroke", "hypertens", "obes", "disease", "dementia", "metabo")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_LEDGER: Final = re.compile(r"[0-9a-zA-Z-][0-9a-zA-Z_-]{0,62}")
_ASSET: Final = re.compile(r"[A-Z][A-Z0-9]{0,16}(?:_[A-Z]{1,16})?")
_FIELDS: Final = frozenset(("points", "goal", "senior_goal", "senior_age", "age_least", "age_most"))


class RulesError(ValueError):
    """The rules file is wrong; names the place in it."""


@dataclass(frozen=True, slots=True)
class EventRule:
    """What one kind of event earns."""

    name: str
    group: str
    points: int
    once: str
    recordings: frozenset[str]
    budget: int
    text: Mapping[str, str]
    late_days: int
    upload_until: date
    per_day: int | None = None
    per_week: int | None = None
    per_fiscal_year: int | None = None
    variants: frozenset[str] = frozenset()
    tops_up: bool = False
    measured: bool = False
    paper_late_days: int = 0
    age_least: int | None = None
    age_most: int | None = None

    def late(self, recording: str) -> int:
        """After how many days a day may still earn: a sheet that staff copy is brought later than a device syncs."""
        return max(self.late_days, self.paper_late_days) if recording == "staff" else self.late_days

    def sentence(self, locale: str, steps: StepRule) -> str:
        """What it is and what it earns, in a resident's words, with the numbers that decide."""
        return self.text[locale].format(
            points=self.points,
            goal=steps.goal,
            senior_goal=steps.senior_goal,
            senior_age=steps.senior_age,
            age_least=self.age_least,
            age_most=self.age_most,
        )


@dataclass(frozen=True, slots=True)
class StepRule:
    """When a day's steps reach a goal, and when a person looks first."""

    goal: int
    senior_goal: int
    senior_age: int
    personal_goal: tuple[int, int]
    counted_most: int
    review_above: int
    reject_above: int


@dataclass(frozen=True, slots=True)
class PointRules:
    """The rules of one fiscal year."""

    fiscal_year: int
    version: str
    ledger: str
    asset: str
    claim_asset: str
    year_cap: int
    lot_extra_months: int
    steps: StepRule
    events: Mapping[str, EventRule]


def fiscal_year(day: date) -> int:
    """The Japanese fiscal year of a civil day: April to March."""
    return day.year if day.month >= 4 else day.year - 1


@cache
def load_rules(year: int) -> PointRules:
    """The rules of a fiscal year, from the file in this package."""
    found = parse_rules(files("phr.domain").joinpath("points.toml").read_text("utf-8"))
    if year not in found:
        raise RulesError(f"no rules for fiscal year {year}")
    return found[year]


def rules_of(year: int) -> PointRules | None:
    """The rules of a fiscal year, or None: a year without rules earns nothing."""
    try:
        return load_rules(year)
    except RulesError:
        return None


def parse_rules(text: str) -> dict[int, PointRules]:
    """All years of a rules file, or one error that names the place."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise RulesError("not TOML") from None
    place = _Place(data, "file")
    if not set(place.texts("never")) >= NEVER:
        raise RulesError("never: lacks an entry that no city may drop")
    years = [_year(part) for part in place.parts("year")]
    place.finish()
    if len({year.fiscal_year for year in years}) != len(years):
        raise RulesError("year: a fiscal year twice")
    return {year.fiscal_year: year for year in years}


class _Place:
    """One table of the file: takes each key once, with its type, and complains about what is left."""

    def __init__(self, data: object, name: str) -> None:
        if not isinstance(data, dict):
            raise RulesError(f"{name}: must be a table")
        self.data = dict(data)
        self.name = name

    def _take(self, key: str, kind: type, default: object = None) -> Any:
        value = self.data.pop(key, default)
        if type(value) is not kind:
            raise RulesError(f"{self.name}.{key}: missing or not of the right kind")
        return value

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        value = self._take(key, int, default)
        if not low <= value <= high:
            raise RulesError(f"{self.name}.{key}: must be from {low} to {high}")
        return int(value)

    def cap(self, key: str) -> int | None:
        return self.whole(key, 1, 366) if key in self.data else None

    def age(self, key: str) -> int | None:
        return self.whole(key, 0, 120) if key in self.data else None

    def text(self, key: str, form: re.Pattern[str]) -> str:
        value = self._take(key, str)
        if not form.fullmatch(value):
            raise RulesError(f"{self.name}.{key}: not of the right form")
        return str(value)

    def texts(self, key: str, default: list[str] | None = None) -> list[str]:
        value = self._take(key, list, default)
        if not all(isinstance(item, str) for item in value):
            raise RulesError(f"{self.name}.{key}: must be texts")
        return list(value)

    def flag(self, key: str) -> bool:
        return bool(self._take(key, bool, default=False))

    def day(self, key: str, default: date | None = None) -> date:
        value: date = self._take(key, date, default)
        return value

    def part(self, key: str) -> _Place:
        return _Place(self.data.pop(key, None), f"{self.name}.{key}")

    def parts(self, key: str) -> list[_Place]:
        return [_Place(item, f"{self.name}.{key}[{i}]") for i, item in enumerate(self._take(key, list))]

    def finish(self) -> None:
        if self.data:
            raise RulesError(f"{self.name}: has a key that is not known")


def _year(place: _Place) -> PointRules:
    year = place.whole("fiscal_year", 2000, 2200)
    cap = place.whole("year_cap", 1, 100_000)
    late = (place.whole("late_days", 0, 60), place.whole("paper_late_days", 0, 120))
    until = place.day("upload_until")
    events = [_event(part, late, until, year, cap) for part in place.parts("event")]
    if len({event.name for event in events}) != len(events):
        raise RulesError(f"{place.name}.event: a name twice")
    rules = PointRules(
        fiscal_year=year,
        version=place.text("version", re.compile(r"[0-9a-z.]{1,20}")),
        ledger=place.text("ledger", _LEDGER),
        asset=place.text("asset", _ASSET),
        claim_asset=place.text("claim_asset", _ASSET),
        year_cap=cap,
        lot_extra_months=place.whole("lot_extra_months", 0, 24),
        steps=_steps(place.part("steps")),
        events={event.name: event for event in events},
    )
    if rules.asset == rules.claim_asset:
        raise RulesError(f"{place.name}.claim_asset: must differ from asset")
    place.finish()
    return rules


def _steps(place: _Place) -> StepRule:
    goals = place.data.pop("personal_goal", None)
    if not (isinstance(goals, list) and len(goals) == 2 and all(type(g) is int and g > 0 for g in goals)):
        raise RulesError(f"{place.name}.personal_goal: must be two whole numbers")
    rule = StepRule(
        goal=place.whole("goal", 1000, 30000),
        senior_goal=place.whole("senior_goal", 1000, 30000),
        senior_age=place.whole("senior_age", 40, 120),
        personal_goal=(goals[0], goals[1]),
        counted_most=place.whole("counted_most", 1000, 100_000),
        review_above=place.whole("review_above", 1000, 100_000),
        reject_above=place.whole("reject_above", 1000, 200_000),
    )
    ordered = [
        *(rule.personal_goal[0], rule.personal_goal[1]),
        *(rule.counted_most, rule.review_above, rule.reject_above),
    ]
    if ordered != sorted(ordered) or max(rule.goal, rule.senior_goal) > rule.counted_most:
        raise RulesError(f"{place.name}: goals, counted, review and reject must rise in this order")
    place.finish()
    return rule


def _event(place: _Place, late: tuple[int, int], until: date, year: int, year_cap: int) -> EventRule:
    rule = EventRule(
        name=place.text("name", _NAME),
        group=place.text("group", _NAME),
        points=place.whole("points", 1, year_cap),
        once=place.text("once", re.compile("|".join(PERIODS))),
        recordings=frozenset(place.texts("recordings")),
        budget=place.whole("budget", 1, 10**15),
        text=_text(place.part("text")),
        late_days=place.whole("late_days", 0, 730, late[0]),
        upload_until=place.day("upload_until", until),
        per_day=place.cap("per_day"),
        per_week=place.cap("per_week"),
        per_fiscal_year=place.cap("per_fiscal_year"),
        variants=frozenset(place.texts("variants", [])),
        tops_up=place.flag("tops_up"),
        measured=place.flag("measured"),
        paper_late_days=late[1],
        age_least=place.age("age_least"),
        age_most=place.age("age_most"),
    )
    place.finish()
    for problem, wrong in _wrongs(rule, year).items():
        if wrong:
            raise RulesError(f"{place.name}: {problem}")
    return rule


def _wrongs(rule: EventRule, year: int) -> dict[str, bool]:
    """What a well-formed event may still not be."""
    words = (rule.name, rule.group, *rule.variants)
    return {
        "this never earns points": any(word in name for word in NEVER for name in words),
        "the name tells about health": any(word in name for word in _TELLING for name in words),
        "a variant is not of the right form": not all(_NAME.fullmatch(v) for v in rule.variants),
        "recordings are missing or not known": not rule.recordings or not rule.recordings <= RECORDINGS,
        "an event without a cap": rule.per_day is rule.per_week is rule.per_fiscal_year is None,
        "an outcome must be measured by staff": rule.measured and rule.recordings != {"staff"},
        "steps typed in by hand never earn": rule.group == "movement" and "manual" in rule.recordings,
        "topping up needs one a day and no other cap": rule.tops_up
        and (rule.per_day, rule.per_week, rule.per_fiscal_year) != (1, None, None),
        "the youngest age is above the oldest": (rule.age_least or 0)
        > (120 if rule.age_most is None else rule.age_most),
        "upload_until must be after the year begins": rule.upload_until < date(year, 4, 1),
    }


def _text(place: _Place) -> dict[str, str]:
    out = {locale: place.text(locale, re.compile(r".{1,300}")) for locale in LOCALES}
    for line in out.values():
        try:
            used = {name for _, name, _, _ in Formatter().parse(line) if name is not None}
        except ValueError:
            raise RulesError(f"{place.name}: braces do not match") from None
        if not used <= _FIELDS:
            raise RulesError(f"{place.name}: a field that is not known")
    place.finish()
    return out
