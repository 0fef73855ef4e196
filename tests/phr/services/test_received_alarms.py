"""Alarms in receiving: at once, in the same transaction, without a flood, and never for old news."""

from __future__ import annotations

from datetime import timedelta

from tests.build import blood_pressure
from tests.phr.services.scenes import a_person, rows_of


def messages(admin, person):
    return [row for row in rows_of(admin, "outbox", person, "kind, payload") if row[0] == "message"]


def send(system, clock, person, systolic, diastolic, ago=timedelta(minutes=2)):
    return system.receive(
        person, [blood_pressure(clock.now() - ago, systolic, diastolic)], request="t"
    ).warnings


def test_a_crisis_blood_pressure_warns_in_the_answer_opens_a_case_and_posts_a_message(system, clock, admin):
    """R5-1, R5-2: the answer, the red case and the letter are of one transaction; the letter holds no value."""
    person, _ = a_person(system)
    warnings = send(system, clock, person, 192, 112)
    assert len(warnings) > 0
    kinds = rows_of(admin, "work_item", person, "kind, state, priority")
    assert [(row[1], row[2]) for row in kinds] == [("open", 0)] * len(warnings)
    sent = messages(admin, person)
    assert len(sent) == len(warnings)
    assert "192" not in repr(sent)


def test_a_usual_value_and_an_old_upload_alarm_nobody(system, clock, admin):
    """A diary of last week is no emergency today."""
    person, _ = a_person(system)
    assert send(system, clock, person, 122, 78) == []
    assert send(system, clock, person, 192, 112, ago=timedelta(hours=30)) == []
    assert rows_of(admin, "work_item", person) == []


def test_the_same_reading_sent_again_alarms_nobody_again(system, clock, admin):
    person, _ = a_person(system)
    series = [blood_pressure(clock.now() - timedelta(minutes=2), 192, 112)]
    first = system.receive(person, series, request="t").warnings
    clock.tick(timedelta(hours=7))
    assert system.receive(person, series, request="t").warnings == []
    assert len(messages(admin, person)) == len(first)


def test_one_alarm_of_a_rule_in_six_hours(system, clock, admin):
    """R5-5: storm control; after six hours it fires again."""
    person, _ = a_person(system)
    first = {one.rule for one in send(system, clock, person, 192, 112)}
    clock.tick(timedelta(hours=3))
    again = send(system, clock, person, 192, 112)
    assert not {one.rule for one in again if one.severity != "red"} & first
    clock.tick(timedelta(hours=7))
    assert send(system, clock, person, 192, 112) != []


def test_without_consent_to_collect_nothing_is_judged(system, person, clock, admin):
    assert send(system, clock, person, 192, 112) == []
    assert messages(admin, person) == []
