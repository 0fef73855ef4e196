"""Published scores for those who opted in to see them: a number with its range and citation, or why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from phr.domain import scoring
from phr.domain.assessments import assessment, identity_of, scored
from phr.domain.evidence import Evidence
from phr.services.assess.checkups import CATEGORY, Newest, newest
from phr.services.assess.setting import Assessed, Finding, Setting
from phr.store.tables import Person
from phr.store.uow import UnitOfWork
from risk.scores.evaluate import Scored
from risk.scores.words import Told, told


class Scores:
    """The default score of each check-up, under the purpose risk."""

    def __init__(self, setting: Setting, done: Assessed) -> None:
        self._setting = setting
        self._done = done

    def __call__(self, uow: UnitOfWork, people: Sequence[Person], today: date) -> list[Finding]:
        """A finding for each person with a check-up, with a number or without."""
        checkups = newest(uow, people, today)
        if not checkups.people:
            return []
        found = scoring.published(scoring.judged(checkups.columns, checkups.age, self._setting.glucose))
        self._done.scored += int(np.count_nonzero(~np.isnan(found.risk)))
        return [self._finding(checkups, found, row) for row in range(len(checkups.people))]

    def _finding(self, checkups: Newest, found: Scored, row: int) -> Finding:
        person, day = checkups.people[row], checkups.chunks[row].slot.day
        words, published = told(found, row), found.score
        evidence = Evidence(checkups.ids(row, _items(checkups, row)))
        identity = identity_of(person.person_id, f"{published.name}:{day}")
        resource = assessment(
            identity,
            patient=person.patient_id,
            purpose="risk",
            recipient=self._setting.recipient,
            rule=f"{published.name}-{published.version}",
            days=(day, day),
            evidence=evidence,
            notes=_notes(words, found),
        )
        return Finding(
            person=person,
            own=(CATEGORY, day),
            first=day,
            identity=identity,
            resource=scored(
                resource,
                percent=_percent(words),
                printed=words.text,
                group=words.group[0],
                outcome=published.outcome["ja"],
                years=published.horizon_years,
                citation=str(words.citation),
                missing=words.missing,
            ),
            evidence=evidence,
            rule_version=published.name,
        )


def _items(checkups: Newest, row: int) -> list[str]:
    """The items of the check-up that a score reads: of several readings the one that counts."""
    names = []
    for read in scoring.DEFAULT_READS:
        there = [
            name
            for name in scoring.READ[read]
            if name in checkups.columns and not np.isnan(checkups.columns[name][row])
        ]
        names += there[:1]
    return names


def _percent(words: Told) -> tuple[float, float | None, float | None] | None:
    if words.risk is None:
        return None
    lower = None if words.lower is None else 100 * words.lower
    upper = None if words.upper is None else 100 * words.upper
    return 100 * words.risk, lower, upper


def _notes(words: Told, found: Scored) -> list[str]:
    """Why the number is what it is, or why there is none; and which questions were taken as answered by no."""
    notes = [reason.ja for reason in words.reasons]
    if words.risk is not None and found.taken:
        notes.append(f"「いいえ」とみなした質問: {'、'.join(found.taken)}")
    if words.risk is None and words.missing:
        notes.append(f"値がそろわないため計算しません: {'、'.join(words.missing)}")
    return notes
