"""Points of active support: computed from what was recorded, never typed; 180 complete a course."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from phr.domain.guidance.course import Course
from phr.domain.guidance.editions import ContactRule, Edition
from phr.domain.guidance.events import Contacted, Evaluated

_CODES: Final = {"individual": "interview"}
"""The page's word for a way of contact, where it is another."""


@dataclass(frozen=True, slots=True)
class Line:
    """One item that earned points. ``support`` is A or B in the third period."""

    day: date
    code: str
    points: int
    support: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """The points of a course, and what completes it."""

    lines: tuple[Line, ...]
    needed: int
    needed_of_a: int = 0

    @property
    def total(self) -> int:
        """All points."""
        return sum(line.points for line in self.lines)

    @property
    def of_a(self) -> int:
        """Points of 支援A; others count as A where the edition knows no B."""
        return sum(line.points for line in self.lines if line.support != "B")

    @property
    def missing(self) -> int:
        """What is missing to the end."""
        return max(0, self.needed - self.total, self.needed_of_a - self.of_a)


def score(course: Course, edition: Edition) -> Score:
    """The points so far, oldest first."""
    lines = [
        *_early(course, edition),
        *_contacts(course.contacts, edition),
        *_outcome(course.evaluation, edition),
    ]
    return Score(
        tuple(sorted(lines, key=lambda line: (line.day, line.code))), edition.needed, edition.needed_of_a
    )


def completes(course: Course, edition: Edition) -> bool:
    """Whether the evaluated course is complete: by points, or by interview and evaluation alone."""
    if course.interview is None or course.evaluation is None:
        return False
    return not course.needs_points or score(course, edition).missing == 0


def worth(contact: Contacted, edition: Edition) -> int:
    """What one contact earns: nothing unless a professional wrote or spoke, in words, for long enough (R1-3)."""
    rule = edition.contact.get(_rule_of(contact))
    if rule is None or not _counts(contact, edition) or not _long_enough(contact, rule):
        return 0
    if not rule.per_minutes:
        return rule.points
    earned = contact.minutes // rule.per_minutes * rule.points
    return min(earned, rule.most) if rule.most else earned


def _rule_of(contact: Contacted) -> str:
    return f"{contact.support.lower()}-{contact.way}" if contact.support else contact.way


def _counts(contact: Contacted, edition: Edition) -> bool:
    authors = {"professional"} | ({"edited-draft"} if edition.edited_draft_counts else set())
    return (
        contact.author_type in authors
        and contact.author_licence in edition.licences
        and (contact.way != "message" or contact.content == "text")
    )


def _long_enough(contact: Contacted, rule: ContactRule) -> bool:
    return (
        contact.minutes >= rule.minutes
        and contact.round_trips >= rule.round_trips
        and (not rule.people or contact.people <= rule.people)
    )


def _contacts(contacts: Iterable[Contacted], edition: Edition) -> list[Line]:
    lines = [
        Line(one.day, _CODES.get(one.way, one.way), points, one.support)
        for one in contacts
        if (points := worth(one, edition))
    ]
    if not edition.one_a_day:
        return lines
    best: dict[date, Line] = {}
    for line in lines:
        if line.day not in best or line.points > best[line.day].points:
            best[line.day] = line
    return list(best.values())


def _early(course: Course, edition: Edition) -> list[Line]:
    """The first interview on the day of the check-up, or within a week of it: the greater one alone."""
    rule, held = edition.early, course.first_part or course.interview
    if rule is None or course.interview is None or held is None:
        return []
    days = (held.day - course.checkup_day).days
    if days == 0:
        return [Line(held.day, "same-day", rule.same_day)]
    return [Line(held.day, "one-week", rule.within)] if days <= rule.days else []


def _outcome(found: Evaluated | None, edition: Edition) -> list[Line]:
    rule = edition.outcome
    if rule is None or found is None:
        return []
    earned = {"full": rule.full, "part": rule.part}.get(found.result, 0)
    lines = [Line(found.day, "weight-waist", earned)] if earned else []
    lines += [Line(found.day, habit, rule.habits[habit]) for habit in found.habits if habit in rule.habits]
    if found.smoking and rule.smoking:
        lines.append(Line(found.day, "smoking", rule.smoking))
    return lines
