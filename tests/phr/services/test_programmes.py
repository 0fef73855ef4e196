"""Programmes over the real database: consent decides who is in them today, and a withdrawal empties the next run."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import psycopg
import pytest

from phr.domain.days import day_at
from phr.errors import Conflict, Invalid, NotAllowed, NotFound
from phr.services.evaluation.programmes import Plan, Programmes
from tests.phr.services.scenes import a_checkup, a_person, nurse, rows_of
from tests.phr.store.door import enter
from tests.phr.store.door import nurse as at_the_door

PLAN = Plan(
    "応援事業",
    "BMI25以上",
    date(2026, 1, 5),
    date(2026, 6, 30),
    "weight_kg",
    by_threshold=True,
    years=((2025, 20, 100),),
)


@pytest.fixture
def service_role(system):
    """A connection as the service's role, with which anything may be tried."""
    connection = system.database.app()
    yield connection
    connection.close()


@pytest.fixture
def programme(system):
    return system.programmes.make(PLAN, nurse())


def joined(system, programme, cohort="invited", **consent):
    person, patient = a_person(system, **consent)
    done = system.programmes.add(programme, [patient], cohort, nurse(), on=PLAN.starts)
    return person, patient, done


def test_a_programme_is_listed_with_its_plan(system, programme):
    """The primary outcome and the years before are those that were named."""
    (one,) = [each for each in system.programmes.listed(nurse()) if each.programme.programme_id == programme]
    assert one.programme.primary_outcome == "weight_kg"
    assert one.programme.years_before == [{"year": 2025, "took_part": 20, "invited": 100}]
    assert one.unseen == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"target": ""}, "target"),
        ({"ends": PLAN.starts}, "ends"),
        ({"primary": "mood"}, "primary"),
        ({"years": ((2025, 2, 1),)}, "years"),
        ({"years": ((2025, 1, 2), (2025, 1, 2))}, "years"),
        ({"years": tuple((2000 + n, 0, 0) for n in range(11))}, "years"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_by_its_field(system, change, field):
    """Before anything is written."""
    with pytest.raises(Invalid) as error:
        system.programmes.make(replace(PLAN, **change), nurse())
    assert error.value.field == field


def test_only_people_who_agreed_to_guidance_are_added(system, programme):
    """Without consent, and unknown: refused in one count that does not say which."""
    _, one = a_person(system)
    _, other = a_person(system, purposes=("collect",))
    done = system.programmes.add(programme, [one, other, "nobody", one, " "], "invited", nurse())
    assert (done.added, done.known, done.refused) == (1, 0, 2)
    assert system.programmes.add(programme, [one], "not-invited", nurse()).known == 1
    assert system.programmes.opened(programme, nurse()).counts == {"invited": 1}


def test_consent_to_other_data_does_not_open_a_programme(system, programme):
    """The record of a programme is of the kind guidance."""
    _, _, done = joined(system, programme, categories=("body",))
    assert done.refused == 1


def test_an_unknown_cohort_and_an_empty_list_are_refused(system, programme):
    """By their fields."""
    with pytest.raises(Invalid, match="cohort"):
        system.programmes.add(programme, ["a"], "friends", nurse())
    with pytest.raises(Invalid, match="people"):
        system.programmes.add(programme, [], "invited", nurse())


def test_who_withdraws_consent_is_gone_from_the_next_run_and_only_counted(system, programme):
    """R0-4: at once, not with the next night."""
    person, patient, _ = joined(system, programme)
    joined(system, programme, "not-invited")
    system.programmes.lend(programme, patient, "scale", "AB-123", nurse())
    before = system.programme_reports.run(programme, nurse())
    assert (before.content["people"], before.content["unused"]) == (2, 0)
    assert before.content["devices"]["scale"]["out"] == 1
    (held,) = system.consents.all(person, actor=patient, role="resident", request="t")
    system.consents.withdraw(person, held.consent.id, actor=patient, role="resident", request="t")
    after = system.programme_reports.run(programme, nurse())
    assert (after.content["people"], after.content["unused"]) == (1, 1)
    assert after.content["unused_devices"] == 1
    assert system.programmes.opened(programme, nurse()).unseen == 1
    with pytest.raises(NotFound):
        system.programmes.mark(programme, patient, "enrolled", PLAN.starts, nurse())


def test_a_report_reads_check_ups_within_the_days_of_the_programme(system, programme):
    """Before and after as the rules say; few people give counts and no estimates."""
    person, patient, _ = joined(system, programme)
    system.programmes.mark(programme, patient, "enrolled", PLAN.starts, nurse())
    for day, kg in ((PLAN.starts - timedelta(days=30), 80.0), (PLAN.ends, 78.0)):
        system.receive(person, [a_checkup(day, weight_kg=kg, waist_cm=95.0)], request="t")
    made = system.programme_reports.run(programme, nurse())
    change = next(one for one in made.content["changes"] if one["group"] == "participants")
    assert (change["outcome"], change["twice"], change["change"]) == ("weight_kg", 1, None)
    assert made.content["effects"][0]["why"] == "too-few"
    assert made.content["uptake"]["invited"]["count"] == 1
    kept = system.programme_reports.last(programme, nurse())
    assert kept.content["changes"] == list(made.content["changes"])
    assert system.programme_reports.paper(kept).startswith(b"%PDF")


def test_a_programme_without_people_or_report_is_no_error(system, programme):
    """The first look."""
    assert system.programme_reports.last(programme, nurse()) is None
    assert system.programme_reports.run(programme, nurse()).content["people"] == 0


def test_what_happened_is_marked_and_taken_back(system, programme):
    """Never before the invitation, and only what there is."""
    person, patient, _ = joined(system, programme)
    system.programmes.mark(programme, patient, "completed", PLAN.ends, nurse())
    (row,) = system.programmes.opened(programme, nurse()).members
    assert row[0].completed_on == PLAN.ends
    system.programmes.mark(programme, patient, "completed", None, nurse())
    assert system.programmes.opened(programme, nurse()).members[0][0].completed_on is None
    with pytest.raises(Invalid, match="on"):
        system.programmes.mark(programme, patient, "enrolled", date(2025, 1, 1), nurse())
    with pytest.raises(Invalid, match="what"):
        system.programmes.mark(programme, patient, "recorded", None, nurse())
    assert person


def test_a_device_is_with_one_person_at_a_time_and_its_number_is_not_kept(system, programme, admin):
    """The same number written another way is the same device; returned, it may be lent again."""
    person, patient, _ = joined(system, programme)
    serial = f"Ab-{uuid4().hex[:8]}"
    loan = system.programmes.lend(programme, patient, "wearable", serial, nurse())
    with pytest.raises(Conflict):
        system.programmes.lend(programme, patient, "wearable", serial.upper().replace("-", " "), nurse())
    assert serial.lower() not in str(rows_of(admin, "lent_device", person, "*")).lower()
    system.programmes.end_loan(programme, loan, "lost", nurse())
    system.programmes.end_loan(programme, loan, "returned", nurse())
    with pytest.raises(Conflict):
        system.programmes.end_loan(programme, loan, "returned", nurse())
    system.programmes.lend(programme, patient, "wearable", serial, nurse())
    today = day_at(system.clock.now(), system.settings.tz)
    loans = system.programmes.opened(programme, nurse()).loans
    assert {(row.lost_on, row.returned_on) for row, _ in loans} == {(None, today), (None, None)}


@pytest.mark.parametrize(("kind", "serial"), [("car", "AB123"), ("scale", "!"), ("scale", "a" * 61)])
def test_a_loan_that_cannot_be_is_refused(system, programme, kind, serial):
    """By its field."""
    with pytest.raises(Invalid):
        system.programmes.lend(programme, "x", kind, serial, nurse())


def test_what_is_not_there_is_not_found(system, programme):
    """Programme, member and loan."""
    absent = uuid4()
    for act in (
        lambda: system.programmes.opened(absent, nurse()),
        lambda: system.programme_reports.run(absent, nurse()),
        lambda: system.programme_reports.last(absent, nurse()),
        lambda: system.programmes.lend(programme, "nobody", "scale", "AB123", nurse()),
        lambda: system.programmes.end_loan(programme, absent, "lost", nurse()),
    ):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(Invalid):
        system.programmes.end_loan(programme, absent, "sold", nurse())


def test_another_organisation_sees_no_programme(system, programme):
    """Numbers of a city are its own, too."""
    other = replace(nurse(), recipient="Organization/other")
    assert programme not in {one.programme.programme_id for one in system.programmes.listed(other)}
    with pytest.raises(NotFound):
        system.programmes.opened(programme, other)


@pytest.mark.parametrize("purpose", ["risk", "points", "collect", "insurer"])
def test_only_guidance_opens_a_programme(system, programme, purpose):
    """A nurse who acts for something else makes none and sees none."""
    access = nurse().for_purpose(purpose)
    assert system.programmes.listed(access) == []
    with pytest.raises(NotAllowed):
        Programmes(system.store, system.clock, system.settings.tz, b"k").make(PLAN, access)


def test_every_member_who_is_looked_at_is_in_the_trail(system, programme, admin):
    """Opening a programme is reading about each of its people."""
    person, _, _ = joined(system, programme)
    system.programmes.opened(programme, nurse())
    system.programme_reports.run(programme, nurse())
    actions = {row[0] for row in rows_of(admin, "audit_event", person, "object")}
    assert {"programme-member", "programme-measures"} <= actions


def test_the_database_itself_keeps_others_from_writing_members(system, service_role, programme):
    """A valid context of another purpose, with a person who agreed to everything."""
    person, _ = a_person(system)
    insert = (
        "INSERT INTO phr.programme_member (person_id, programme_id, day, cohort, recorded_by, updated_at)"
        " VALUES (%s, %s, '2026-01-05', 'invited', 'x', now())"
    )
    for purpose in ("collect", "risk", "points"):
        enter(system, service_role, at_the_door(person, purpose))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            service_role.execute(insert, (person, programme))
    enter(system, service_role, at_the_door(person))
    service_role.execute(insert, (person, programme))
    service_role.rollback()
