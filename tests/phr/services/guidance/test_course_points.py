"""Points of a course: given when it is completed, with the outcome that staff measured, and taken back with a wrong click."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from phr.bootstrap import start
from phr.domain.guidance.events import Contacted, Evaluated
from tests.conftest import FixedClock, settings_at
from tests.phr.services.guidance.people import LICENCE, begun, record, today
from tests.phr.services.scenes import nurse


@pytest.fixture(scope="module")
def city(database_url):
    """A city that acts for one insurer."""
    made = start(settings_at(database_url, insurer_numbers="138123"), FixedClock(datetime.now(UTC)))
    yield made
    made.close()


def completed(city, *, measured=True, result="full"):
    """A course that ends complete; person and course."""
    person, _, course = begun(city, city.clock)
    day = today(city)
    by = {"author_type": "professional", "author_licence": LICENCE}
    for ago in (60, 45, 30, 20):
        record(city, course, Contacted(day=day - timedelta(days=ago), way="individual", minutes=20, **by))
    measures = (
        {"waist_cm": 88.0, "weight_kg": 70.0} if result == "full" else {"waist_cm": 94.0, "weight_kg": 79.0}
    )
    record(city, course, Evaluated(day=day, way="individual", result=result, measured=measured, **measures))
    assert city.courses.close(course, nurse(), LICENCE).course.state == "completed"
    return person, course


def points(city, person):
    """Event and points of the book."""
    rows = city.points.history(person, actor="self", request="test")
    return sorted((row.event, row.points) for row in rows)


def test_a_completed_course_and_its_measured_outcome_earn_and_a_wrong_click_takes_both_back(city):
    """6.2: 200 for the course, 200 for 2 cm and 2 kg that staff measured; an undone end is reversed, not deleted."""
    person, course = completed(city)
    assert points(city, person) == [("guidance_completed", 200), ("outcome", 200)]
    city.courses.undo(course, nurse(), LICENCE)
    assert sum(count for _event, count in points(city, person)) == 0
    city.courses.close(course, nurse(), LICENCE)
    assert sum(count for _event, count in points(city, person)) == 400


@pytest.mark.parametrize(("measured", "result"), [(False, "full"), (True, "part")])
def test_an_outcome_that_nobody_measured_or_that_is_less_earns_nothing_more(city, measured, result):
    """6.2: weight that the person says is no outcome."""
    person, _ = completed(city, measured=measured, result=result)
    assert points(city, person) == [("guidance_completed", 200)]
