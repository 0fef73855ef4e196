"""Whose subscriptions these are, and that nothing is told any more once the right to know it has ended."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from phr.domain.access import Access
from phr.services.smart.words import signing_in
from phr.services.subscriptions import Owner
from phr.store.tables import SmartClient, SmartGrant
from tests.build import agree, blood_pressure
from tests.phr.api.conftest import found, refused
from tests.phr.api.receiver import events
from tests.phr.api.subscriptions.subscribing import NOON, later, measured, subscribed, tell, wanted
from tests.proves import proves

CONSENT_CHANGED = "urn:phr:topic:consent-changed"


@pytest.fixture
def nurse(enter, patient):
    return enter(f"nurse-{patient}", "nurse", "guidance")


@pytest.fixture
def shared(system, person, patient) -> str:
    """A consent to collecting and to guidance; gives its id."""
    return agree(system, person, patient, purposes=("collect", "guidance"))


def counted(admin, identity: str) -> tuple[int, int]:
    """Events and dropped ones of a subscription."""
    row = admin.execute(
        "SELECT events, dropped FROM phr.subscription WHERE subscription_id = %s", (identity,)
    ).fetchone()
    return row[0], row[1]


def test_a_consent_withdrawn_before_the_numbering_drops_the_event(
    system, person, patient, nurse, shared, hook, admin
):
    """What nobody may be told takes no number, so that the numbers that are told have no gap."""
    identity = subscribed(nurse, system, hook, f"Observation?patient={patient}")
    measured(system, person)
    system.consents.withdraw(person, shared, actor=patient, role="resident", request="test")
    tell(system)
    assert (hook.kinds(), counted(admin, identity)) == (["handshake"], (0, 1))


def test_a_consent_withdrawn_before_the_sending_stops_the_letter(
    system, person, patient, nurse, shared, hook, admin
):
    """Nothing goes; $events keeps the number, and names nothing."""
    identity = subscribed(nurse, system, hook, f"Observation?patient={patient}")
    measured(system, person)
    hook.answers = [503]
    tell(system)
    system.consents.withdraw(person, shared, actor=patient, role="resident", request="test")
    sent = len(hook.bodies)
    later(system, 10)
    tell(system)
    assert (len(hook.bodies), counted(admin, identity)) == (sent, (1, 1))
    asked = nurse.get(f"/fhir/Subscription/{identity}/$events").json()
    assert events(asked) == [(1, "")]
    assert len(asked["entry"]) == 1


def test_every_notification_is_in_the_trail_of_the_person(
    system, person, patient, nurse, shared, hook, admin
):
    """Who was told, whose it was, and no value."""
    subscribed(nurse, system, hook, f"Observation?patient={patient}")
    measured(system, person)
    tell(system)
    rows = admin.execute(
        "SELECT actor, recipient, purpose, action, object, outcome FROM phr.audit_event"
        " WHERE person_id = %s AND action = 'send'",
        (person,),
    ).fetchall()
    assert rows == [(f"nurse-{patient}", "Organization/city-health", "guidance", "send", "Observation", "ok")]


def test_a_disabled_account_is_told_nothing_more(system, person, patient, nurse, shared, hook, admin):
    """The subscription ends, and says so."""
    identity = subscribed(nurse, system, hook, f"Observation?patient={patient}")
    measured(system, person)
    system.numbering.round(request="test")
    admin.execute("UPDATE phr.account SET disabled = true WHERE subject = %s", (f"nurse-{patient}",))
    tell(system)
    assert hook.kinds() == ["handshake"]
    state = admin.execute("SELECT state FROM phr.subscription WHERE subscription_id = %s", (identity,))
    assert state.fetchone() == ("off",)


def test_nobody_finds_reads_or_changes_the_subscription_of_another(
    system, patient, nurse, enter, shared, hook
):
    """Not theirs and not there look the same."""
    identity = subscribed(nurse, system, hook, f"Observation?patient={patient}")
    other = enter(f"other-{patient}", "nurse", "guidance")
    assert found(other.get("/fhir/Subscription")) == []
    same = "00000000-0000-4000-8000-000000000000"
    for place in (identity, same, "x"):
        refused(other.get(f"/fhir/Subscription/{place}"), 404)
        refused(other.get(f"/fhir/Subscription/{place}/$status"), 404)
        refused(other.get(f"/fhir/Subscription/{place}/$events"), 404)
        body = {**wanted(hook.url, f"Observation?patient={patient}"), "id": place}
        refused(other.put(f"/fhir/Subscription/{place}", json=body), 404)
        assert other("DELETE", f"/fhir/Subscription/{place}").status_code == 204
    assert nurse.get(f"/fhir/Subscription/{identity}").status_code == 200


def test_a_resident_subscribes_to_their_own_record_only(system, person, patient, enter, hook):
    """Without a patient it is their own; another's is not there."""
    agree(system, person, patient, purposes=("collect",))
    own = enter(patient, "resident", "self", person)
    refused(own.post("/fhir/Subscription", json=wanted(hook.url, "Observation?patient=somebody")), 404)
    subscribed(own, system, hook)
    measured(system, person)
    tell(system)
    assert hook.numbers() == [1]


def test_without_a_patient_everybody_is_meant_whom_the_owner_may_see(
    system, person, patient, nurse, shared, hook
):
    """One subscription for a city's nurses; who shares nothing with them is not in it."""
    identity = subscribed(nurse, system, hook)
    stranger = {"resourceType": "Patient", "id": f"s-{patient}", "birthDate": "1970-01-01"}
    other = system.register.put(stranger, actor="test", role="system", request="test")[0]
    agree(system, other, f"s-{patient}", purposes=("collect",))
    measured(system, other)
    measured(system, person)
    tell(system)
    mine = [focus for focus in hook.foci() if nurse.get(focus.partition("8000")[2]).status_code == 200]
    assert mine == hook.foci()
    assert len(mine) >= 1
    assert nurse("DELETE", f"/fhir/Subscription/{identity}").status_code == 204


@proves("*", "topic", "urn:phr:topic:consent-changed")
def test_a_recipient_is_told_that_a_consent_which_named_it_has_ended(
    system, person, patient, nurse, shared, hook
):
    """That it ended is news which the end must not keep back; others are told nothing."""
    subscribed(nurse, system, hook, f"Consent?patient={patient}", topic=CONSENT_CHANGED)
    agree(system, person, patient, purposes=("points",), recipients=("Organization/another",))
    system.consents.withdraw(person, shared, actor=patient, role="resident", request="test")
    tell(system)
    assert [focus.partition("/fhir/")[2] for focus in hook.foci()] == [f"Consent/{shared}"]


@proves("*", "topic", "urn:phr:topic:new-flag")
def test_a_new_flag_is_told(system, person, patient, nurse, shared, hook):
    """A Flag is written and somebody who may read it is told of it."""
    subscribed(nurse, system, hook, f"Flag?patient={patient}", topic="urn:phr:topic:new-flag")
    flag = {
        "resourceType": "Flag",
        "status": "active",
        "code": {"coding": [{"system": "urn:test", "code": "look"}]},
        "subject": {"reference": f"Patient/{patient}"},
    }
    made = nurse.post("/fhir/Flag", json=flag)
    assert made.status_code == 201, made.text
    tell(system)
    assert [focus.partition("/fhir/")[2] for focus in hook.foci()] == [f"Flag/{made.json()['id']}"]


@proves("Subscription", "operation", "status", "events")
@proves(
    "*",
    "instantiates",
    "http://hl7.org/fhir/uv/subscriptions-backport/CapabilityStatement/backport-subscription-server-r4",
)
def test_status_and_events_speak_of_ones_own(system, person, patient, nurse, shared, hook):
    """$status of one and of several; $events by number, with or without what they are about."""
    identity = subscribed(nurse, system, hook, f"Observation?patient={patient}")
    for minute in range(3):
        measured(system, person, minute)
    tell(system)
    one = nurse.get(f"/fhir/Subscription/{identity}/$status").json()
    several = nurse.get(f"/fhir/Subscription/$status?id={identity}&status=active").json()
    assert one["entry"] == several["entry"]
    values = {each["name"]: each for each in one["entry"][0]["resource"]["parameter"]}
    assert values["type"]["valueCode"] == "query-status"
    assert values["events-since-subscription-start"]["valueString"] == "3"
    assert nurse.get(f"/fhir/Subscription/$status?id={identity}&status=off").json()["total"] == 0
    place = f"/fhir/Subscription/{identity}/$events"
    asked = events(nurse.get(f"{place}?eventsSinceNumber=2").json())
    assert [number for number, _focus in asked] == [2, 3]
    assert all(focus for _number, focus in asked)
    empty = events(nurse.get(f"{place}?eventsUntilNumber=1&content=empty").json())
    assert empty == [(1, "")]
    refused(nurse.get(f"{place}?content=full-resource"), 400)
    refused(nurse.get(f"{place}?eventsSinceNumber=x"), 400)
    refused(nurse.get(f"{place}?since=1"), 400)


def test_a_changed_version_and_another_topic_are_refused(system, patient, nurse, shared, hook):
    """If-Match, the id, and what makes a subscription another one."""
    identity = subscribed(nurse, system, hook, f"Observation?patient={patient}")
    body = {**wanted(hook.url, f"Observation?patient={patient}"), "id": identity}
    place = f"/fhir/Subscription/{identity}"
    assert nurse.put(place, json=body, headers={"If-Match": 'W/"9"'}).status_code in (409, 412)
    assert nurse.put(place, json=body, headers={"If-Match": 'W/"1"'}).status_code == 200
    refused(nurse.put(place, json=body, headers={"If-Match": "x"}), 400)
    refused(nurse.put(place, json={**body, "id": "y"}), 400)
    refused(nurse.put(place, json={**body, **wanted(hook.url, topic=CONSENT_CHANGED), "id": identity}), 400)
    refused(nurse.put(place, json={**wanted(hook.url), "id": identity}), 400)


APP = "app:diary"
SCOPE = "patient/Observation.rs?code=http://loinc.org|8867-4 patient/Subscription.cruds"


@pytest.fixture
def app_of_a_resident(system, person, patient):
    """An app that a resident let in: gives who asks, and what ends it."""
    agree(system, person, patient, purposes=("collect",))
    system.accounts.put(patient, "resident", recipient=f"Patient/{patient}", person=person, request="test")
    now, grant = system.clock.now(), uuid4()
    with system.store.begin(signing_in("test")) as uow:
        account = uow.accounts.by_subject(patient).account_id
        uow.smart.add_client(
            SmartClient(
                client_id="diary",
                name="Diary",
                kind="public",
                scope=SCOPE,
                responsible="x",
                created_at=now,
                changed_at=now,
            )
        )
        uow.smart.let(
            SmartGrant(
                person_id=person,
                grant_id=grant,
                account_id=account,
                client_id="diary",
                scope=SCOPE,
                granted_at=now,
                ends_at=now + timedelta(days=1),
            )
        )
        uow.commit()
    access = Access("resident", APP, f"Patient/{patient}", "self", "test", person)

    def end() -> None:
        with system.store.begin(signing_in("test")) as uow:
            uow.smart.end(person, grant, system.clock.now(), "test")
            uow.commit()

    return Owner(access, account, APP, SCOPE), end


def test_an_app_is_told_what_its_scopes_hold_until_its_person_cuts_it(
    system, person, app_of_a_resident, hook, admin
):
    """A constraint of a scope holds for events too; after the cut nothing goes, and the subscription is over."""
    owner, end = app_of_a_resident
    held = system.subscriptions.create(owner, wanted(hook.url))
    tell(system)
    measured(system, person)
    pressed = blood_pressure(NOON, 121, 81)
    assert system.receive(person, [pressed], request="test").stored == 1
    tell(system)
    assert hook.numbers() == [1]
    measured(system, person, 1)
    system.numbering.round(request="test")
    end()
    sent = len(hook.bodies)
    tell(system)
    row = admin.execute(
        "SELECT state, error FROM phr.subscription WHERE subscription_id = %s", (held.id,)
    ).fetchone()
    assert (len(hook.bodies), row) == (sent, ("off", "its owner may ask no longer"))


def test_a_resident_and_their_app_do_not_see_each_others_subscriptions(
    system, person, patient, app_of_a_resident, hook, enter
):
    """Each has its own."""
    owner, _end = app_of_a_resident
    held = system.subscriptions.create(owner, wanted(hook.url))
    own = enter(patient, "resident", "self", person)
    refused(own.get(f"/fhir/Subscription/{held.id}"), 404)
    assert [one.id for one in system.subscriptions.all(owner)] == [held.id]
    assert found(own.get("/fhir/Subscription")) == []
