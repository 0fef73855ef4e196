"""Courses with sensible defaults: a check-up on 1 June 2026, an interview, a plan, contacts, an evaluation in September."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from phr.domain.guidance.course import Course, fold
from phr.domain.guidance.editions import edition_for
from phr.domain.guidance.events import (
    Contacted,
    Entry,
    Evaluated,
    Event,
    Goal,
    Interviewed,
    Invited,
    Planned,
    Proposed,
)
from phr.domain.guidance.report import Report, Subject, report_of

CHECKUP = date(2026, 6, 1)
LATER = CHECKUP + timedelta(days=20)
FINAL = date(2026, 10, 5)
FOURTH = edition_for(CHECKUP)
THIRD = edition_for(date(2023, 6, 1))
NURSE = "public-health-nurse"
COURSE = UUID("0b0e7a52-6f4f-4dc4-9a3b-3f9a8a7c1d11")
SUBJECT = Subject("00138123", "津", "1234", "01", "タムラ カズコ", "2", date(1970, 3, 9), "708-0001")


def proposed(**more) -> Proposed:
    usual = {"level": "active", "checkup_day": CHECKUP, "edition": FOURTH.version, "insurer_no": "00138123"}
    return Proposed(**{**usual, "waist_cm": 95.0, "weight_kg": 80.0, "bmi": 28.0, **more})


def interviewed(day: date = LATER, **more) -> Interviewed:
    return Interviewed(**{"day": day, "way": "individual", "minutes": 30, **more})


def planned(**more) -> Planned:
    goals = (Goal("diet", "夜のごはんを半分にする", 150), Goal("exercise", "毎日20分歩く", 80))
    return Planned(**{"lose_cm": 2.0, "lose_kg": 2.0, "goals": goals, "expected": True, **more})


def contacted(way: str = "individual", day: date = LATER + timedelta(days=14), **more) -> Contacted:
    usual = {"way": way, "day": day, "author_type": "professional", "author_licence": NURSE}
    usual |= {"round_trips": 1} if way == "message" else {"minutes": {"group": 60, "phone": 10}.get(way, 20)}
    return Contacted(**{**usual, **more})


def evaluated(result: str = "none", day: date = FINAL, **more) -> Evaluated:
    return Evaluated(**{"day": day, "way": "individual", "result": result, **more})


def entries(*events: Event) -> tuple[Entry, ...]:
    at = datetime(2026, 6, 2, tzinfo=UTC)
    return tuple(
        Entry(number, at + timedelta(hours=number), "nurse-1", NURSE, event)
        for number, event in enumerate(events, 1)
    )


def course(*events: Event, interview: Interviewed | None = None, **begun) -> Course:
    """A course that was interviewed and planned, and then these events."""
    first = (proposed(**begun), Invited(way="letter"), interview or interviewed(), planned())
    return fold(entries(*first, *events))


def report(found: Course, **more) -> Report:
    usual = {"ident": COURSE, "version": 1, "made": date(2026, 11, 1), "institution": "3311234567"}
    return report_of(
        found, {"interview": NURSE, "evaluation": "dietitian"}, FOURTH, SUBJECT, **{**usual, **more}
    )
