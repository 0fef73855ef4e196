"""The nurses' day beyond one case: stages, escalation, capacity, hand-over, substitution, undo, search and numbers."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest

from phr.domain.access import machine
from phr.errors import Conflict, Invalid, NotFound, Refused
from tests.build import CITY, agree, blood_pressure
from tests.phr.services.scenes import a_person, nurse, rows_of

KANA = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation"


@pytest.fixture
def team(system):
    """Two nurses and a lead of the city, with names of this test only."""
    names = [f"{word}-{uuid4().hex[:6]}" for word in ("ito", "sato", "lead")]
    for name in names:
        system.accounts.put(name, "nurse", recipient=CITY, display=name, request="t")
    system.planning.set_duty(names[2], machine(CITY, "register", "t"), lead=True, protected=False)
    return names


def alarmed(system, clock):
    """A person with one red case: person and case."""
    person, _ = a_person(system)
    system.receive(person, [blood_pressure(clock.now() - timedelta(minutes=1), 192, 112)], request="t")
    return person, case_of(system, person)


def case_of(system, person):
    with system.store.begin(nurse()) as uow:
        (item,) = uow.worklist.of_person(person)
        uow.commit()
    return item.item_id


def stage(admin, person):
    return rows_of(admin, "work_item", person, "stage, escalated_at IS NOT NULL, state, holder")[0]


def test_an_alarm_is_new_then_seen_then_contacted_then_closed(system, clock, admin, team):
    """R5-4; looking makes no new version, so the page of a colleague stays good."""
    person, item = alarmed(system, clock)
    assert stage(admin, person)[0] == "new"
    before = system.worklist.open(item, nurse(team[0])).item.version
    assert stage(admin, person)[0] == "seen"
    assert system.worklist.claim(item, nurse(team[0]), before).stage == "seen"
    assert system.worklist.contact(item, nurse(team[0]), "phone-not-reached").stage == "seen"
    assert system.worklist.contact(item, nurse(team[0]), "phone-reached").stage == "contacted"
    assert system.worklist.close(item, nurse(team[0]), "contacted").state == "closed"


def test_a_red_alarm_that_nobody_answered_escalates_once_at_nine_on_the_next_working_day(
    system, clock, admin
):
    """R5-4: event, mark and message in one transaction; the message names nobody and holds no value."""
    person, item = alarmed(system, clock)
    system.worklist.open(item, nurse())
    system.escalation(request="t")
    assert stage(admin, person)[1] is False
    clock.tick(timedelta(days=12))  # longer than any row of holidays
    assert system.escalation(request="t") >= 1
    system.escalation(request="t")
    assert stage(admin, person)[1] is True
    events = [row[0] for row in rows_of(admin, "work_event", person, "event")]
    assert events.count("escalated") == 1
    sent = [
        row[0] for row in rows_of(admin, "outbox", person, "payload") if row[0]["template"] == "escalation"
    ]
    assert sent == [{"template": "escalation", "severity": "red", "from": CITY, "to": "duty"}]


def test_an_answered_or_closed_alarm_does_not_escalate_and_one_that_fires_again_does(
    system, clock, admin, team
):
    person, item = alarmed(system, clock)
    system.worklist.claim(item, nurse(team[0]))
    system.worklist.contact(item, nurse(team[0]), "phone-reached")
    clock.tick(timedelta(days=12))
    system.escalation(request="t")
    assert stage(admin, person)[:2] == ("contacted", False)
    system.receive(person, [blood_pressure(clock.now() - timedelta(minutes=1), 195, 114)], request="t")
    assert stage(admin, person)[:2] == ("new", False)
    clock.tick(timedelta(days=12))
    system.escalation(request="t")
    assert stage(admin, person)[1] is True


def test_more_cases_than_planned_are_asked_about_and_an_alarm_is_not(system, clock, team):
    """R9-5: the limit warns; it never holds up an alarm."""
    system.planning.set_capacity(team[0], 0, nurse(team[2]))
    _, item = alarmed(system, clock)
    assert system.worklist.claim(item, nurse(team[0]), sure=False).holder == team[0]
    with pytest.raises(Refused):
        system.planning.set_capacity(team[0], 5, nurse(team[1]))
    with pytest.raises(Invalid):
        system.planning.set_capacity(team[0], 1001, nurse(team[2]))
    with pytest.raises(Invalid):
        system.planning.set_capacity("nobody", 5, nurse(team[2]))


def test_all_cases_are_handed_over_in_april_and_each_says_so(system, clock, admin, team):
    """R9-9: by the holder herself, or by the lead; nobody else."""
    person, item = alarmed(system, clock)
    system.worklist.claim(item, nurse(team[0]))
    with pytest.raises(Refused):
        system.worklist.hand_over(team[0], team[1], nurse(team[1]))
    with pytest.raises(Invalid):
        system.worklist.hand_over(team[0], "nobody", nurse(team[0]))
    with pytest.raises(Refused):
        system.worklist.hand_over(team[0], team[0], nurse(team[0]))
    assert system.worklist.hand_over(team[0], team[1], nurse(team[2])) == 1
    assert stage(admin, person)[3] == team[1]
    assert f"transferred:{team[1]}" in {row[0] for row in rows_of(admin, "work_event", person, "event")}


def test_one_case_goes_to_a_colleague_and_to_nobody_outside(system, clock, team):
    _, item = alarmed(system, clock)
    system.worklist.claim(item, nurse(team[0]))
    for stranger in ("nobody", " "):
        with pytest.raises(Invalid):
            system.worklist.transfer(item, nurse(team[0]), stranger)
    with pytest.raises(Conflict):
        system.worklist.transfer(item, nurse(team[1]), team[1])
    assert system.worklist.transfer(item, nurse(team[2]), team[1]).holder == team[1]
    assert system.worklist.release(item, nurse(team[1])).state == "open"


def test_a_substitute_acts_within_the_dates_and_not_after(system, clock, team):
    _, item = alarmed(system, clock)
    system.worklist.claim(item, nurse(team[0]))
    today = clock.now().astimezone(system.settings.tz).date()
    span = (today, today + timedelta(days=2))
    with pytest.raises(Refused):
        system.planning.set_away(team[0], team[1], span, nurse(team[1]))
    for wrong, when in ((team[0], span), (team[1], (today, today - timedelta(days=1)))):
        with pytest.raises(Invalid):
            system.planning.set_away(team[0], wrong, when, nurse(team[0]))
    system.planning.set_away(team[0], team[1], span, nurse(team[0]))
    assert system.worklist.open(item, nurse(team[1])).mine
    system.worklist.contact(item, nurse(team[1]), "phone-reached")
    clock.tick(timedelta(days=4))
    with pytest.raises(Conflict):
        system.worklist.contact(item, nurse(team[1]), "phone-reached")
    system.planning.set_away(team[0], "", None, nurse(team[0]))
    plan = next(one for one in system.planning.team(nurse(team[0])) if one.subject == team[0])
    assert (plan.substitute, plan.away_from) == ("", None)
    assert system.planning.held(nurse(team[0]))[team[0]] == 1


def test_claim_and_contact_are_taken_back_within_a_day_and_the_history_says_so(system, clock, admin, team):
    """R9-4: no history is rewritten."""
    person, item = alarmed(system, clock)
    me = nurse(team[0])
    system.worklist.claim(item, me)
    system.worklist.contact(item, me, "letter")
    assert system.worklist.undo(item, me, 3).stage == "seen"
    with pytest.raises(Conflict):
        system.worklist.undo(item, me, 3)
    assert system.worklist.undo(item, me).state == "open"
    events = [
        row[0] for row in sorted(rows_of(admin, "work_event", person, "event, version"), key=lambda r: r[1])
    ]
    assert events == ["opened", "claimed", "contact:letter", "undone", "undone"]
    system.worklist.claim(item, me)
    clock.tick(timedelta(hours=25))
    with pytest.raises(Conflict):
        system.worklist.undo(item, me)


def a_neighbour(system, name, kana, address, *, guarded=False, share=True, born="1950-04-01"):
    patient = f"p-{uuid4().hex[:12]}"
    resource = {
        "resourceType": "Patient",
        "id": patient,
        "birthDate": born,
        "name": [
            {"text": name},
            {"text": kana, "extension": [{"url": KANA, "valueCode": "SYL"}]},
        ],
        "address": [{"text": address, "district": "東町"}],
        "telecom": [{"system": "phone", "value": "0XX-555-0142"}],
    }
    if guarded:
        resource["meta"] = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]}  # fmt: skip
    person = system.register.put(resource, actor="t", role="system", request="t")[0]
    if share:
        agree(system, person, patient, date_time=system.clock.now() - timedelta(minutes=1))
    return person, patient


@pytest.fixture
def street():
    """An address that no other test has."""
    return f"東町{int(uuid4()) % 10**9}-1-2"


def test_people_are_found_however_the_name_is_typed_with_those_of_the_same_house(system, admin, street):
    """R9-8: only those who share something; each hit is on their record."""
    mother, _ = a_neighbour(system, "田中 春", "タナカ ハル", street)
    son, _ = a_neighbour(system, "田中 夏", "タナカ ナツ", street.replace("-", "－"))
    silent, _ = a_neighbour(system, "田中 秋", "タナカ アキ", street, share=False)
    for typed in ("たなか は", "ﾀﾅｶ ﾊﾙ", "田中春"):
        found = system.finding(typed, "", street, nurse())
        assert [one.person.person_id for one in found] == [mother]
    (hit,) = system.finding("タナカハル", "昭和25年4月1日", street, nurse())
    assert hit.address == street
    assert [one.person_id for one in hit.household] == [son]
    looks = [
        row for row in rows_of(admin, "audit_event", mother, "action, object") if row == ("search", "Patient")
    ]
    assert len(looks) == 4
    assert ("search", "Patient") not in rows_of(admin, "audit_event", silent, "action, object")


def test_a_person_under_protection_has_no_place_for_staff_without_the_duty(system, street, team):
    """支援措置: no address, household, district or telephone; an address does not lead there either."""
    hidden, patient = a_neighbour(system, "森 花", f"モリ {street}", street, guarded=True)
    other, _ = a_neighbour(system, "森 実", "モリ ミノル", street)
    (hit,) = system.finding(f"もり{street}", "", "", nurse(team[0]))
    assert (hit.address, hit.blocked, hit.person.district, list(hit.household)) == ("", True, "", [])
    assert [one.person.person_id for one in system.finding("", "", street, nurse(team[0]))] == [other]
    assert system.finding("もりみのる", "", street, nurse(team[0]))[0].household == []
    assert system.finding.address(hidden, nurse(team[0])) == ("", [])
    with pytest.raises(NotFound):
        system.identities.patient(patient, nurse(team[0]).about(hidden))
    system.planning.set_duty(team[1], machine(CITY, "register", "t"), lead=False, protected=True)
    (hit,) = system.finding(f"もり{street}", "", "", nurse(team[1]))
    assert (hit.address, hit.person.district) == (street, "東町")
    assert [one.person_id for one in hit.household] == [other]
    assert "0XX-555-0142" in system.identities.patient(patient, nurse(team[1]).about(hidden))
    assert system.finding.address(hidden, nurse(team[1]))[0] == street


def test_a_search_for_nothing_and_a_date_that_is_none_are_refused(system):
    for name, born, field in (("", "", "name"), ("", "yesterday", "born"), (" ", "1.13.2020", "born")):
        with pytest.raises(Invalid) as caught:
            system.finding(name, born, "", nurse())
        assert caught.value.field == field
    assert system.finding("%", "", "", nurse()) == []


def test_the_numbers_count_what_stands_and_how_long_people_waited(system, clock, team):
    """What was taken back does not count."""
    _, item = alarmed(system, clock)
    day = clock.now().astimezone(system.settings.tz).date()
    before = {line.kind: line for line in system.numbers(day, day + timedelta(days=3), nurse())}["alarm"]
    me = nurse(team[0])
    clock.tick(timedelta(hours=2))
    system.worklist.claim(item, me)
    system.worklist.contact(item, me, "letter")
    system.worklist.undo(item, me)
    system.worklist.contact(item, me, "phone-reached")
    system.worklist.close(item, me, "referred")
    after = {line.kind: line for line in system.numbers(day, day + timedelta(days=3), nurse())}["alarm"]
    assert after.contacts == before.contacts + 1
    assert after.outcomes.get("referred", 0) == before.outcomes.get("referred", 0) + 1
    assert after.median_hours is not None
    with pytest.raises(Invalid):
        system.numbers(date(2026, 2, 1), date(2026, 1, 1), nurse())


def test_of_one_kind_the_late_ones_stand_before_those_that_the_model_ranks_first(system, clock, admin, team):
    """R9-5: a rank orders what is in time; it lets nobody wait for ever."""
    (old, _), (new, _) = alarmed(system, clock), alarmed(system, clock)
    admin.execute(
        "UPDATE phr.work_item SET kind = 'referral', priority = 1 WHERE person_id IN (%s, %s)", (old, new)
    )
    admin.execute(
        "UPDATE phr.work_item SET opened_at = opened_at - interval '60 days' WHERE person_id = %s", (old,)
    )
    admin.execute("UPDATE phr.work_item SET rank = 9 WHERE person_id = %s", (new,))
    order = [row.person.person_id for row in system.worklist.listed(nurse(team[0]), limit=10_000)]
    assert order.index(old) < order.index(new)
