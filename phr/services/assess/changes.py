"""Changes against a person's own past, from day summaries: screened in columns, explained for those who have one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

from ingest.codes import VITALS
from phr.domain.assessments import assessment, identity_of
from phr.domain.day_table import CODES, MEASURES, DayColumns, chosen, values_of, worn_minutes
from phr.domain.days import day_of, number_of
from phr.domain.evidence import Evidence, summary_name
from phr.services.assess.setting import Assessed, Finding, Setting, line
from phr.store.tables import Person
from phr.store.uow import UnitOfWork
from risk.home_limits import standard
from risk.reasons import Reason
from risk.trend_columns import signals, span, weight_signals, weight_span
from risk.trends import change, weight_rules

Ints = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]
KIND: Final = "trend"
_WORN: Final = ("resting_heart_rate", "steps")
_BESIDE: Final = {"steps": ("resting_heart_rate",)}
"""What is shown beside a signal and is none by itself."""


@dataclass(frozen=True, slots=True)
class _Block:
    people: Sequence[Person]
    columns: DayColumns
    sources: Sequence[UUID]
    today: date

    def table(self, measure: str, days: int) -> Ints:
        return chosen(self.columns, MEASURES[measure], number_of(self.today), len(self.people), days)

    def names(self, rows: Ints) -> list[str]:
        """The names of these days, oldest first."""
        columns = self.columns
        found = [
            summary_name(
                CODES[columns.code[row]], day_of(int(columns.day[row])), self.sources[columns.source[row]]
            )
            for row in rows.tolist()
            if row >= 0
        ]
        return sorted(found, key=lambda name: name.split("/")[1])


@dataclass(frozen=True, slots=True)
class _Told:
    """What one measure says of one person: its lines, its signals, and the rows of the block that it rests on."""

    reasons: tuple[Reason, ...]
    signals: frozenset[str]
    rows: tuple[Ints, ...]


class Changes:
    """Finds changes of weight, SpO2, temperature, resting heart rate, steps and sleep."""

    def __init__(self, setting: Setting, done: Assessed) -> None:
        self._setting = setting
        self._done = done

    def __call__(self, uow: UnitOfWork, people: Sequence[Person], today: date) -> list[Finding]:
        """The changes of a block of people, read in one statement."""
        since = {code: today - timedelta(days=_back(code) - 1) for code in CODES}
        ids = [person.person_id for person in people]
        columns, sources = uow.blocks.summaries(ids, CODES, since, today)
        if not len(columns):
            return []
        _audit(uow, people, columns)
        block = _Block(people, columns, sources, today)
        found = []
        for measure in MEASURES:
            screened, worn = _screened(block, measure)
            for row in np.flatnonzero(screened).tolist():
                told = _explained(block, measure, row, worn)
                for other in _BESIDE.get(measure, ()):
                    told = _with(told, _explained(block, other, row, worn))
                if told.signals:
                    found.append(self._finding(block, measure, row, told))
        return found

    def _finding(self, block: _Block, measure: str, row: int, told: _Told) -> Finding:
        person, category = block.people[row], MEASURES[measure].category
        rows = np.concatenate(told.rows)
        names = block.names(np.unique(rows[rows >= 0]))
        days = [date.fromisoformat(name.split("/")[1]) for name in names]
        evidence = Evidence(summaries=tuple(names))
        kind = f"{KIND}:{category}"
        rule = f"trends-{standard().version}"
        own_days = [day for name, day in zip(names, days, strict=True) if _category(name) == category]
        identity = identity_of(person.person_id, kind)
        resource = assessment(
            identity,
            patient=person.patient_id,
            purpose="guidance",
            recipient=self._setting.recipient,
            rule=rule,
            days=(days[0], days[-1]),
            evidence=evidence,
            notes=[reason.ja for reason in told.reasons],
        )
        return Finding(
            person=person,
            own=(category, max(own_days)),
            first=days[0],
            identity=identity,
            resource=resource,
            evidence=evidence,
            lines=tuple(line(reason) for reason in told.reasons),
            kinds=(kind,),
            rule_version=rule,
            signals=told.signals,
        )


def _category(name: str) -> str:
    return VITALS[name.partition("/")[0]].consent_category


def _back(code: str) -> int:
    """How many days a code is read back."""
    spans = [span(measure) for measure in MEASURES]
    return weight_span() if code in MEASURES["weight"].codes else max(spans)


def _screened(block: _Block, measure: str) -> tuple[npt.NDArray[np.bool_], tuple[Values, Ints] | None]:
    """Who has a signal of a measure; and for how long something was worn, where that matters."""
    days = span(measure)
    values = values_of(block.columns, MEASURES[measure], block.table(measure, days))
    worn = None
    if measure in _WORN:
        worn = worn_minutes(block.columns, number_of(block.today), len(block.people), days)
    found = signals(measure, values, worn_minutes=None if worn is None else worn[0])
    if measure == "weight":
        table = block.table(measure, weight_span())
        found |= weight_signals(values_of(block.columns, MEASURES[measure], table))
    return found, worn


def _explained(block: _Block, measure: str, row: int, worn: tuple[Values, Ints] | None) -> _Told:
    """One measure of one person by the rule itself, with the days that it counted."""
    days = span(measure)
    table = block.table(measure, max(days, weight_span()) if measure == "weight" else days)[row : row + 1]
    values = values_of(block.columns, MEASURES[measure], table)[0]
    ages = np.datetime64(block.today, "D") - np.arange(len(values)).astype("timedelta64[D]")
    minutes = None if worn is None or measure not in _WORN else worn[0][row][:days]
    alone = change(measure, ages[:days], values[:days], today=block.today, worn_minutes=minutes)
    used = table[0][:days]
    rows = [used]
    if minutes is not None and worn is not None:
        counted = minutes >= standard().trends[measure].worn
        rows = [np.where(counted, used, -1), np.where(counted & (used >= 0), worn[1][row][:days], -1)]
    reasons: tuple[Reason, ...] = () if alone.reason is None else (alone.reason,)
    raised = {_direction(measure, alone.change)} if alone.signal else set()
    if measure == "weight":
        rules = weight_rules(ages, values, today=block.today)
        reasons += rules.reasons
        raised |= {reason.label for reason in rules.reasons}
        if rules.lost:
            rows.append(table[0])
    return _Told(reasons, frozenset(raised), tuple(rows))


def _direction(measure: str, moved: float | None) -> str:
    return f"{measure}:{'up' if (moved or 0) > 0 else 'down'}"


def _with(told: _Told, beside: _Told) -> _Told:
    """A signal with what is shown beside it, where there is a line for that."""
    if not told.signals or not beside.reasons:
        return told
    return replace(told, reasons=told.reasons + beside.reasons, rows=told.rows + beside.rows)


def _audit(uow: UnitOfWork, people: Sequence[Person], columns: DayColumns) -> None:
    """Whose summaries were read, of which kinds, and how many."""
    categories = [VITALS[code].consent_category for code in CODES]
    pairs, counts = np.unique(columns.person * len(CODES) + columns.code, return_counts=True)
    totals: dict[int, int] = {}
    seen: dict[int, set[str]] = {}
    for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
        person, code = divmod(pair, len(CODES))
        seen.setdefault(person, set()).add(categories[code])
        totals[person] = totals.get(person, 0) + count
    for person, kinds in seen.items():
        uow.audit.add(
            "assess",
            "day-summaries",
            people[person].person_id,
            categories=",".join(sorted(kinds)),
            count=totals[person],
        )
