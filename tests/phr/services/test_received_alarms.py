"""Alarms in receiving: at once, in the same transaction, without a flood, and never for old news."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from ingest.series import Source
from phr.domain.days import begins, day_at
from phr.errors import Refused
from tests.build import blood_pressure
from tests.phr.services.at_home import CUFF, WATCH
from tests.phr.services.scenes import a_person, a_series, nurse, rows_of

RESTING, OXYGEN = "40443-4", "59408-5"


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


def test_a_usual_value_alarms_nobody(system, admin, clock):
    person, _ = a_person(system)
    assert send(system, clock, person, 122, 78) == []
    assert rows_of(admin, "work_item", person) == []


def test_an_old_upload_shows_in_the_list_and_alarms_nobody(system, clock, admin):
    """5.3: a diary of yesterday sends no message and never escalates; one of a fortnight ago is for the nightly look."""
    person, _ = a_person(system)
    query = "kind, state, rank, basis ->> 'severity'"
    assert send(system, clock, person, 192, 112, ago=timedelta(days=14)) == []
    assert rows_of(admin, "work_item", person, query) == []
    assert send(system, clock, person, 192, 112, ago=timedelta(hours=30)) == []
    assert rows_of(admin, "work_item", person, query) == [("alarm:bp-high", "open", 0.0, "amber")]
    assert messages(admin, person) == []
    assert send(system, clock, person, 185, 100, ago=timedelta(minutes=3)) != []
    assert rows_of(admin, "work_item", person, query) == [("alarm:bp-high", "open", 1.0, "red")]
    assert len(messages(admin, person)) == 1
    send(system, clock, person, 199, 119, ago=timedelta(hours=40))
    assert rows_of(admin, "work_item", person, query) == [("alarm:bp-high", "open", 1.0, "red")]


def test_the_same_reading_sent_again_alarms_nobody_again(system, clock, admin):
    person, _ = a_person(system)
    series = [blood_pressure(clock.now() - timedelta(minutes=2), 192, 112)]
    first = system.receive(person, series, request="t").warnings
    clock.tick(timedelta(hours=7))
    assert system.receive(person, series, request="t").warnings == []
    assert len(messages(admin, person)) == len(first)


def test_one_alarm_of_a_rule_in_six_hours_and_the_answer_warns_each_time(system, clock, admin):
    """R5-5: one case and one message; but whoever measures again and reads no warning would think that all is well."""
    person, _ = a_person(system)
    first = {one.rule for one in send(system, clock, person, 182, 100)}
    assert first == {"bp-high"}
    clock.tick(timedelta(hours=3))
    assert {one.rule for one in send(system, clock, person, 182, 100)} == first
    assert len(messages(admin, person)) == 1
    clock.tick(timedelta(hours=3, minutes=1))
    assert {one.rule for one in send(system, clock, person, 182, 100)} == first
    assert len(messages(admin, person)) == 2


def test_a_value_that_goes_to_the_top_is_told_within_the_quiet_hours_and_stands_first(system, clock, admin):
    """5.3: from 180/120 the top of the red queue, whatever was told before."""
    (person, _), (later, _) = a_person(system), a_person(system)
    send(system, clock, person, 182, 100)
    clock.tick(timedelta(hours=1))
    send(system, clock, person, 190, 125)
    assert len(messages(admin, person)) == 2
    send(system, clock, later, 182, 100)
    ranks = [rows_of(admin, "work_item", one, "kind, rank") for one in (person, later)]
    assert ranks == [[("alarm:bp-high", 2.0)], [("alarm:bp-high", 1.0)]]
    listed = [row.item.person_id for row in system.worklist.listed(nurse(), limit=10_000)]
    assert listed.index(person) < listed.index(later)


def rules_after(system, person, *series, symptoms=frozenset()):
    """The rules that fire for each delivery in turn."""
    return [
        sorted(one.rule for one in system.receive(person, [each], request="t", symptoms=symptoms).warnings)
        for each in series
    ]


def test_two_readings_confirm_each_other_over_midnight_and_from_two_devices(system, clock):
    """A day's columns and a device are how values are stored, not what a second reading is."""
    (person, _), (other, _) = a_person(system), a_person(system)
    midnight = begins(day_at(clock.now(), system.settings.tz) + timedelta(days=1), system.settings.tz)
    clock.tick(midnight + timedelta(minutes=11) - clock.now())
    before, after = (blood_pressure(midnight + timedelta(minutes=at), 185, 100) for at in (-10, 10))
    assert rules_after(system, person, before, after) == [["bp-high"], ["bp-high-confirmed"]]
    typed = Source("typed", "typed", "MANUAL", "", "manual")
    by_cuff = blood_pressure(midnight + timedelta(minutes=1), 185, 100)
    by_hand = blood_pressure(midnight + timedelta(minutes=9), 185, 100, typed)
    assert rules_after(system, other, by_cuff, by_hand) == [["bp-high"], ["bp-high-confirmed"]]


def test_one_reading_that_comes_by_two_ways_confirms_nothing(system, clock):
    """The cuff's own delivery and a cloud's copy with its own clock are one reading."""
    person, _ = a_person(system)
    at = clock.now() - timedelta(minutes=5)
    cloud = Source("cloud", "cloud", "HEALTH_CONNECT", "UA-651BLE", "active")
    first, copy = blood_pressure(at, 185, 100), blood_pressure(at + timedelta(seconds=40), 185, 100, cloud)
    assert rules_after(system, person, first, copy) == [["bp-high"], ["bp-high"]]


def test_a_resting_rate_beyond_the_limit_on_two_days_fires(system, clock):
    """It comes once a day, and for yesterday as a rule: the second day confirms."""
    person, _ = a_person(system)
    today = begins(day_at(clock.now(), system.settings.tz), system.settings.tz)
    days = [int((today - timedelta(days=ago)).timestamp()) * 1_000_000 for ago in (1, 0)]
    series = [a_series(RESTING, [at], {"value": [38.0]}, source=WATCH) for at in days]
    assert rules_after(system, person, *series) == [[], ["pulse-low"]]


def test_a_watch_by_itself_neither_fires_for_oxygen_nor_confirms(system, clock):
    """R5 table: not from watches without confirmation."""
    person, _ = a_person(system)
    at = int((clock.now() - timedelta(minutes=9)).timestamp()) * 1_000_000
    watch = a_series(OXYGEN, [at], {"value": [86.0]}, source=WATCH)
    finger = a_series(OXYGEN, [at + 240_000_000], {"value": [88.0]}, source=CUFF)
    again = a_series(OXYGEN, [at + 360_000_000], {"value": [88.0]}, source=CUFF)
    found = rules_after(system, person, watch, finger, again)
    assert found == [[], ["spo2-very-low"], ["spo2-very-low-confirmed"]]


def test_without_consent_to_collect_nothing_is_judged(system, person, clock, admin):
    assert send(system, clock, person, 192, 112) == []
    assert messages(admin, person) == []


def observed(clock, patient, systolic, ago, **more):
    """A blood pressure as a FHIR client sends it, with more than the columns hold."""
    at = (clock.now() - timedelta(minutes=ago)).isoformat(timespec="seconds")
    part = [
        {
            "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "valueQuantity": {"value": value, "system": "http://unitsofmeasure.org", "code": "mm[Hg]"},
        }
        for code, value in (("8480-6", systolic), ("8462-4", 100))
    ]
    resource = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9"}], "text": "BP"},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": at,
        "component": part,
        **more,
    }
    return json.dumps(resource).encode()


def test_a_value_in_a_document_alarms_and_confirms_like_one_in_columns(system, clock, admin):
    """R5-1: a note or a performer beside the value is no reason to overlook it; and 999 is set apart there too."""
    person, patient = a_person(system)

    def post(systolic, ago, **more):
        body = observed(clock, patient, systolic, ago, **more)
        answer = system.intake.one(body, patient, actor="t", role="system", request="t").body
        return [issue["diagnostics"].partition(": ")[2] for issue in json.loads(answer)["issue"][:-1]]

    note = {"note": [{"text": "after lunch"}]}
    assert post(185, 9, performer=[{"reference": f"Patient/{patient}"}]) == ["bp-rest-and-measure-again"]
    assert post(187, 6, **note) == ["bp-contact-doctor-today"]
    assert post(188, 3) == ["bp-contact-doctor-today"]
    assert {kind for (kind,) in rows_of(admin, "work_item", person, "kind")} == {
        "alarm:bp-high",
        "alarm:bp-high-confirmed",
    }
    assert "after lunch" not in repr(rows_of(admin, "work_item", person)) + repr(messages(admin, person))
    with pytest.raises(Refused):
        post(999, 2, **note)
    assert len(rows_of(admin, "quarantine", person)) == 1
