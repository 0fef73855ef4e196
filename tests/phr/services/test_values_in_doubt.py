"""Unlikely values are confirmed or set aside by a person, and impossible ones are discarded or judged again; all on record."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from phr.domain.access import Access, resident
from phr.errors import Invalid, NotAllowed, NotFound, Refused
from tests.build import CUFF, blood_pressure
from tests.phr.services.scenes import a_person, a_series, nurse, rows_of


@pytest.fixture
def unusual(system, clock):
    """A person with one usual and one unlikely blood pressure of today."""
    person, patient = a_person(system)
    at = clock.now() - timedelta(hours=2)
    series = [blood_pressure(at, 240, 121), blood_pressure(at + timedelta(hours=1), 122, 78)]
    for one in series:
        system.receive(person, [one], request="t")
    return person, resident(person, patient, "t"), series


def status_of(system, access, person):
    """Status of each reading as FHIR gives it, by systolic value; what is set aside is not there."""
    with system.store.begin(access) as uow:
        chunks = uow.vitals.chunks(person, ["85354-9"], *_span(system))
        uow.commit()
    return {
        value: "preliminary" if quality & 8 else "final"
        for chunk in chunks
        for value, quality in zip(chunk.columns.channels["systolic"], chunk.columns.quality, strict=True)
    }


def _span(system):
    today = system.clock.now().date()
    return today - timedelta(days=9), today + timedelta(days=9)


def test_an_unlikely_value_is_asked_about_and_a_usual_one_is_not(system, unusual):
    """R5.4 soft: kept as preliminary until somebody says a word."""
    person, me, _ = unusual
    (asked,) = system.confirmations.pending(person, me)
    assert asked.values == {"systolic": 240.0, "diastolic": 121.0}
    assert status_of(system, me, person) == {240.0: "preliminary", 122.0: "final"}


def test_a_confirmed_value_is_final_and_stays_so_when_it_and_others_arrive_again(
    system, clock, unusual, admin
):
    """The rule would call it unlikely again with every delivery of the day; the person has answered."""
    person, me, series = unusual
    (asked,) = system.confirmations.pending(person, me)
    system.confirmations.confirm(person, asked.ident, me)
    assert system.confirmations.pending(person, me) == []
    more = blood_pressure(clock.now() - timedelta(minutes=5), 125, 80)
    for one in (*series, more):
        system.receive(person, [one], request="t")
    assert status_of(system, me, person) == {240.0: "final", 122.0: "final", 125.0: "final"}
    assert ("confirm", "Observation") in rows_of(admin, "audit_event", person, "action, object")
    with pytest.raises(NotFound):
        system.confirmations.confirm(person, asked.ident, me)


def test_a_rejected_value_is_set_aside_with_its_reason_and_does_not_come_back_or_alarm(
    system, unusual, admin
):
    """Never silent, never deleted."""
    person, me, series = unusual
    (asked,) = system.confirmations.pending(person, me)
    with pytest.raises(Invalid):
        system.confirmations.reject(person, asked.ident, "because", me)
    system.confirmations.reject(person, asked.ident, "somebody-else", me)
    assert status_of(system, me, person) == {122.0: "final"}
    ((sample,),) = rows_of(admin, "vital_conflict", person, "sample")
    assert json.loads(sample)["systolic"] == 240.0
    assert rows_of(admin, "sample_review", person, "verdict, reason") == [("rejected", "somebody-else")]
    again = system.receive(person, [series[0]], request="t")
    assert (again.stored, again.repeated, again.warnings) == (0, 1, [])
    assert status_of(system, me, person) == {122.0: "final"}
    assert ("set-aside", "Observation") in rows_of(admin, "audit_event", person, "action, object")


def test_the_only_value_of_a_day_can_be_rejected_and_the_day_can_be_filled_again(system, clock, admin):
    """The day is empty then, in charts too, and a right value takes its place."""
    person, patient = a_person(system)
    me = resident(person, patient, "t")
    at = clock.now() - timedelta(hours=2)
    system.receive(person, [blood_pressure(at, 240, 121)], request="t")
    (asked,) = system.confirmations.pending(person, me)
    system.confirmations.reject(person, asked.ident, "wrong-entry", me)
    assert rows_of(admin, "vital_day", person) == []
    assert status_of(system, me, person) == {}
    assert system.receive(person, [blood_pressure(at, 124, 81)], request="t").stored == 1
    assert status_of(system, me, person) == {124.0: "final"}


def test_a_nurse_answers_for_whom_she_may_see_and_for_nobody_else(system, unusual):
    person, _, _ = unusual
    (asked,) = system.confirmations.pending(person, nurse())
    stranger = Access("nurse", "n", "Organization/elsewhere", "guidance", "t")
    assert system.confirmations.pending(person, stranger) == []
    with pytest.raises(NotFound):
        system.confirmations.confirm(person, asked.ident, stranger)
    for wrong in ("", "x", "~~~~", asked.ident.replace("85354-9", "8867-4"), asked.ident[:-1]):
        with pytest.raises(NotFound):
            system.confirmations.confirm(person, wrong, nurse())
    system.confirmations.confirm(person, asked.ident, nurse())


def test_without_consent_to_collect_nothing_is_changed(system, clock):
    """Whoever stopped collecting has the record as it is."""
    person, patient = a_person(system)
    me = resident(person, patient, "t")
    system.receive(person, [blood_pressure(clock.now() - timedelta(hours=1), 240, 121)], request="t")
    (asked,) = system.confirmations.pending(person, me)
    for held in system.consents.all(person, actor=patient, role="resident", request="t"):
        system.consents.withdraw(person, held.consent.id, actor=patient, role="resident", request="t")
    with pytest.raises((NotFound, NotAllowed)):
        system.confirmations.confirm(person, asked.ident, me)
    assert [one.ident for one in system.confirmations.pending(person, me)] == [asked.ident]


def test_an_impossible_value_is_discarded_with_a_reason_and_vouched_for_by_nobody(system, clock, admin):
    """Hard: no word of anybody makes 999 true."""
    person, _ = a_person(system)
    assert system.receive(person, [blood_pressure(clock.now(), 999, 80)], request="t").quarantined == 1
    (apart,) = system.set_apart.listed(person, nurse())
    assert (apart.values["systolic"], apart.vouch) == ("999.0", False)
    with pytest.raises(Refused):
        system.set_apart.judge_again(person, apart.ident, "says so", nurse())
    for note in ("", "x" * 501):
        with pytest.raises(Invalid):
            system.set_apart.discard(person, apart.ident, note, nurse())
    system.set_apart.discard(person, apart.ident, "device fault", nurse())
    assert system.set_apart.listed(person, nurse()) == []
    assert rows_of(admin, "quarantine", person, "state, reviewed_by, review_note") == [
        ("discarded", "nurse-1", "device fault")
    ]
    with pytest.raises(NotFound):
        system.set_apart.discard(person, apart.ident, "again", nurse())


def test_a_value_whose_clock_ran_ahead_is_judged_again_when_its_time_has_come(system, clock):
    """The value was never in doubt, only its time."""
    person, _ = a_person(system)
    ahead = blood_pressure(clock.now() + timedelta(hours=1), 128, 79)
    assert system.receive(person, [ahead], request="t").quarantined == 1
    (apart,) = system.set_apart.listed(person, nurse())
    assert apart.vouch
    clock.tick(timedelta(hours=2))
    assert system.set_apart.judge_again(person, apart.ident, "the time is right", nurse())
    assert status_of(system, nurse(), person) == {128.0: "final"}


def test_a_value_that_is_still_impossible_goes_back_where_it_was(system, clock):
    """An adult of 12 kg: the birth date was not mended, so the answer is the same."""
    person, _ = a_person(system)
    at = int(clock.now().timestamp()) * 1_000_000
    system.receive(person, [a_series("29463-7", [at], {"value": [12.0]}, source=CUFF)], request="t")
    (apart,) = system.set_apart.listed(person, nurse())
    assert apart.vouch
    assert not system.set_apart.judge_again(person, apart.ident, "weighed again", nurse())


def test_a_nurse_of_another_organisation_sees_no_quarantine(system, clock):
    person, _ = a_person(system)
    system.receive(person, [blood_pressure(clock.now(), 999, 80)], request="t")
    stranger = Access("nurse", "n", "Organization/elsewhere", "guidance", "t")
    (apart,) = system.set_apart.listed(person, nurse())
    assert system.set_apart.listed(person, stranger) == []
    with pytest.raises(NotFound):
        system.set_apart.discard(person, apart.ident, "x", stranger)
