"""The report of one course for the insurer: one person, one file, in the words of the exchange format."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from phr.domain.guidance.codes import codes
from phr.domain.guidance.course import Course
from phr.domain.guidance.editions import Edition
from phr.domain.guidance.events import HABITS_AND_SMOKING, Contacted, Evaluated, Interviewed, Planned
from phr.domain.guidance.points import Score, score, worth
from phr.errors import Refused

_RESULT: Final = {"none": "0", "part": "1", "full": "2"}
_EARLY: Final = {"same-day": "1", "one-week": "2"}
_NUMBER: Final = re.compile(r"\d{8}", re.ASCII)
_INSTITUTION: Final = re.compile(r"\d{10}", re.ASCII)
_OUTCOME: Final = frozenset({"weight-waist", "diet", "exercise", "rest", "other", "smoking"})


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a report is about, as the insurance card says."""

    insurer_no: str
    symbol: str
    number: str
    branch: str
    kana: str
    sex: str
    born: date
    postal: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """One item with its value: an answer of its list, or a number."""

    item: str
    text: str


@dataclass(frozen=True, slots=True)
class Act:
    """Something done on a day: form and licence as codes, and what was measured or counted with it."""

    section: str
    form: str
    licence: str
    day: date
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """One report. ``version`` replaces earlier ones of the same ``course``."""

    code: str
    course: UUID
    version: int
    made: date
    institution: str
    subject: Subject
    level: str
    begun: date
    ended: date | None
    acts: tuple[Act, ...]
    goals: tuple[tuple[str, str], ...] = ()
    """Areas and texts of what was agreed."""


def report_code(course: Course) -> str:
    """Which report a course asks for now (報告区分); empty before the first interview."""
    known = codes().report
    if course.state in {"evaluated", "completed", "incomplete"}:
        return known["evaluated"]
    if course.state == "dropped-out":
        return known["stopped"] if course.interview is not None else ""
    if course.interview is not None:
        return known["begun"]
    return known["half"] if course.first_part is not None and not course.ended else ""


def subject_of(insured: str, kana: str, sex: str, born: date | None, postal: str) -> Subject:
    """The person of a report from the insured number ``insurer:symbol:number:branch``. Raises Refused naming what lacks."""
    parts = [*insured.split(":"), "", "", "", ""][:4]
    insurer = eight_digits(parts[0])
    if not _NUMBER.fullmatch(insurer) or not parts[2]:
        raise Refused("no-insured-number")
    if not kana:
        raise Refused("no-kana")
    if born is None or sex not in {"male", "female"}:
        raise Refused("no-birth-date-or-sex")
    return Subject(insurer, parts[1], parts[2], parts[3], kana, "1" if sex == "male" else "2", born, postal)


def eight_digits(insurer_no: str) -> str:
    """An insurer number as files have it: six digits of 国保 stand right-aligned in eight."""
    plain = insurer_no.strip()
    return plain.zfill(8) if plain.isascii() and plain.isdigit() and 6 <= len(plain) <= 8 else plain


def report_of(
    course: Course,
    licences: dict[str, str],
    edition: Edition,
    subject: Subject,
    *,
    ident: UUID,
    version: int,
    made: date,
    institution: str,
) -> Report:
    """The report of a course as it stands. Raises Refused with a word when there is none to make.

    ``licences``: who led the interview and who evaluated, by the words interview and evaluation.
    """
    code = report_code(course)
    held = course.interview or course.first_part
    if not code or held is None:
        raise Refused("not-begun")
    if edition.outcome is None:
        raise Refused("older-period")  # the lists of the fourth period do not fit the third
    if not _INSTITUTION.fullmatch(institution):
        raise Refused("no-institution-number")
    points = score(course, edition)
    acts = [_interview(course, held, licences, points)]
    acts += [_contact(one, edition) for one in course.contacts]
    found = course.evaluation if code == codes().report["evaluated"] else None
    if found is not None:
        acts.append(_evaluation(course, found, licences, points))
        acts += _summary(course, found, licences, points)
    goals = () if course.plan is None else tuple((goal.area, goal.text) for goal in course.plan.goals)
    level = codes().level[course.level]
    ended = None if found is None else found.day
    return Report(
        code, ident, version, made, institution, subject, level, held.day, ended, tuple(acts), goals
    )


def _form(way: str, *, remote: bool) -> str:
    return codes().form[f"{way}-remote" if remote and way in {"individual", "group"} else way]


def _licence(licence: str) -> str:
    return codes().licence.get(licence, codes().licence[""])


def _interview(course: Course, held: Interviewed, licences: dict[str, str], points: Score) -> Act:
    minutes = held.minutes
    if course.interview is not None and course.first_part is not None:
        minutes += course.first_part.minutes
    values = [Value("interview-minutes", str(minutes))]
    if course.interview is not None:
        early = next((_EARLY[line.code] for line in points.lines if line.code in _EARLY), "0")
        values.append(Value("early-interview", early))
    if course.plan is not None:
        values += _planned(course.plan)
    # In two parts, the day of the second one is that of the interview.
    form = _form(held.way, remote=held.remote)
    return Act("90030", form, _licence(licences.get("interview", "")), held.day, tuple(values))


def _planned(plan: Planned) -> Iterable[Value]:
    lost = min(plan.lose_cm, plan.lose_kg)
    yield Value("plan-weight-waist", "2" if lost >= 2 else "1" if lost >= 1 else "0")
    areas = {goal.area for goal in plan.goals}
    for area in HABITS_AND_SMOKING:
        yield Value(f"plan-{area}", "1" if area in areas else "0")


def _contact(one: Contacted, edition: Edition) -> Act:
    values = [Value("contact-minutes", str(one.minutes))] if one.minutes else []
    values.append(Value("contact-points", str(worth(one, edition))))
    form = _form(one.way, remote=one.remote)
    return Act("90040", form, _licence(one.author_licence), one.day, tuple(values))


def _evaluation(course: Course, found: Evaluated, licences: dict[str, str], points: Score) -> Act:
    values = []
    if found.waist_cm is not None:
        values.append(Value("waist", f"{found.waist_cm:.1f}"))
    if found.weight_kg is not None:
        values.append(Value("weight", f"{found.weight_kg:.1f}"))
    values.append(Value("weight-waist", _RESULT[found.result]))
    aimed = set() if course.plan is None else {goal.area for goal in course.plan.goals}
    ticked = set(found.habits) | ({"smoking"} if found.smoking else set())
    values += [
        Value(area, "1" if area in ticked else "0" if area in aimed else "9") for area in HABITS_AND_SMOKING
    ]
    if course.level == "active":
        outcome = sum(line.points for line in points.lines if line.code in _OUTCOME)
        values.append(Value("outcome-points", str(outcome)))
    form = _form(found.way, remote=False)
    return Act("90060", form, _licence(licences.get("evaluation", "")), found.day, tuple(values))


def _summary(course: Course, found: Evaluated, licences: dict[str, str], points: Score) -> list[Act]:
    if course.level != "active":
        return []
    process = sum(line.points for line in points.lines if line.code not in _OUTCOME)
    values = (
        Value("contacts", str(len(course.contacts))),
        Value("process-points", str(process)),
        Value("total-points", str(points.total)),
    )
    form = _form(found.way, remote=False)
    return [Act("90070", form, _licence(licences.get("evaluation", "")), found.day, values)]
