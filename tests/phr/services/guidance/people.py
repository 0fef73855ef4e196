"""People of an insurer, their cases, and courses that have begun, for tests of the services and the commands."""

from __future__ import annotations

from datetime import timedelta

from phr.domain.days import day_at
from phr.domain.guidance.events import Contacted, Evaluated, Goal, Interviewed, Planned
from phr.ids import new_id
from tests.build import agree
from tests.phr.services.scenes import INTENSIVE, a_checkup, nurse

OURS, THEIRS = "00138123", "06132013"
LICENCE = "public-health-nurse"
INSURER = "Organization/insurer"
HANDING = ("guidance", "checkup")


def handed(city, person, patient):
    """The consent with which reports go to the insurer; its id."""
    agreed_at = city.clock.now() - timedelta(minutes=1)
    return agree(
        city,
        person,
        patient,
        purposes=("insurer",),
        recipients=(INSURER,),
        categories=HANDING,
        date_time=agreed_at,
    )


def year_of(city, days=100):
    """The fiscal year of check-ups of so many days ago: those of courses that have begun."""
    day = today(city) - timedelta(days=days)
    return day.year if day.month >= 4 else day.year - 1


def a_person(city, insurer=OURS, **consent):
    """A person of an insurer, who agreed; person and Patient id."""
    patient = f"p-{new_id().hex[:12]}"
    resource = {
        "resourceType": "Patient",
        "id": patient,
        "gender": "male",
        "birthDate": "1970-05-05",
        "name": [{"text": "田村 一"}, {"text": "タムラ ハジメ"}],
        "identifier": [{"system": "urn:phr:insured", "value": f"{insurer}:津:{patient[2:8]}:01"}],
    }
    person = city.register.put(resource, actor="test", role="system", request="test")[0]
    agree(city, person, patient, date_time=city.clock.now() - timedelta(minutes=1), **consent)
    return person, patient


def today(city):
    return day_at(city.clock.now(), city.settings.tz)


def a_case(city, clock, insurer=OURS, days=120, **consent):
    """A person whose check-up of so many days ago asks for active support: person, Patient id, case."""
    person, patient = a_person(city, insurer, **consent)
    day = day_at(clock.now() - timedelta(days=days), city.settings.tz)
    city.receive(person, [a_checkup(day, **INTENSIVE)], request="t")
    city.assess(request="t")
    cases = [one.item for one in city.worklist.listed(nurse(), limit=10_000) if one.item.person_id == person]
    return person, patient, {item.kind: item.item_id for item in cases}


def begun(city, clock, **more):
    """A course that was interviewed 100 days ago, on the day of the check-up, and planned."""
    person, patient, cases = a_case(city, clock, days=100, **more)
    course = city.courses.propose(cases["intensive"], nurse(), LICENCE)
    day = today(city) - timedelta(days=100)
    record(city, course, Interviewed(day=day, way="individual", minutes=25))
    goals = (Goal("diet", "夜のごはんを半分にする", 150),)
    record(city, course, Planned(lose_cm=2.0, lose_kg=2.0, goals=goals, expected=True))
    return person, patient, course


def record(city, course, event, version=None):
    return city.courses.record(course, nurse(), LICENCE, event, version)


def supported(city, course):
    """The contacts and the result of vector (c)."""
    day = today(city)
    by = {"author_type": "professional", "author_licence": LICENCE}
    record(city, course, Contacted(day=day - timedelta(days=60), way="individual", minutes=20, **by))
    record(city, course, Contacted(day=day - timedelta(days=30), way="message", round_trips=1, **by))
    return record(
        city,
        course,
        Evaluated(
            day=day,
            way="individual",
            result="part",
            habits=("diet", "exercise"),
            waist_cm=94.0,
            weight_kg=79.0,
        ),
    )
