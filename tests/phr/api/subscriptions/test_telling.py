"""Subscriptions over HTTP with a receiver that listens: handshake, numbered events, retries, and rights that end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fhir.resources.R4B.bundle import Bundle

from tests.build import agree, heart_rates
from tests.phr.api.conftest import found, link, refused
from tests.phr.api.receiver import events
from tests.phr.api.subscriptions.subscribing import NOON, extension, later, measured, subscribed, tell, wanted
from tests.proves import proves

HEART = "Observation?patient={}&code=http://loinc.org|8867-4"


@pytest.fixture
def ready(system, person, patient, enter):
    """A nurse's client, and a person who shares heart rates with the city."""
    agree(system, person, patient, purposes=("collect", "guidance"))
    return enter(f"nurse-{patient}", "nurse", "guidance")


def state(client, identity: str) -> str:
    return str(client.get(f"/fhir/Subscription/{identity}").json()["status"])


@proves("Subscription", "interaction", "create", "read", "search-type", "update", "delete")
def test_a_subscription_is_asked_for_greeted_and_becomes_active(system, ready, patient, hook):
    """Requested -> handshake -> active; its owner reads, finds, ends and removes it."""
    made = ready.post("/fhir/Subscription", json=wanted(hook.url, HEART.format(patient)))
    assert made.status_code == 201, made.text
    body = made.json()
    assert made.headers["location"].endswith(f"/fhir/Subscription/{body['id']}/_history/1")
    assert (body["status"], hook.bodies) == ("requested", [])
    tell(system)
    assert hook.kinds() == ["handshake"]
    Bundle.model_validate(hook.bodies[0])
    assert state(ready, body["id"]) == "active"
    for query in (
        f"_id={body['id']}",
        "status=active",
        "criteria=urn:phr:topic:new-observation",
        "type=rest-hook",
    ):
        assert [one["id"] for one in found(ready.get(f"/fhir/Subscription?{query}"))] == [body["id"]]
    assert found(ready.get("/fhir/Subscription?status=off")) == []
    refused(ready.get("/fhir/Subscription?colour=x"), 400)
    ended = ready.put(
        f"/fhir/Subscription/{body['id']}",
        json={**wanted(hook.url, HEART.format(patient), status="off"), "id": body["id"]},
    )
    assert (ended.status_code, ended.json()["status"]) == (200, "off")
    assert ready("DELETE", f"/fhir/Subscription/{body['id']}").status_code == 204
    refused(ready.get(f"/fhir/Subscription/{body['id']}"), 404)
    assert ready("DELETE", f"/fhir/Subscription/{body['id']}").status_code == 204


@proves("Subscription", "search", "_id", "status", "criteria", "type", "url", "contact", "payload")
def test_ones_own_subscriptions_are_searched_like_other_types(ready, resident, patient, hook):
    """Every parameter finds what fits and nothing else, page by page, and never anybody else's."""
    contact = [{"system": "email", "value": "it@city.example.jp"}]
    asked = [wanted(f"{hook.url}/{number}", HEART.format(patient), contact=contact) for number in range(3)]
    ids = [ready.post("/fhir/Subscription", json=one).json()["id"] for one in asked]
    for query, fitting in (
        (f"_id={ids[0]},{ids[2]}", [0, 2]),
        ("status=requested", [0, 1, 2]),
        ("status=http://hl7.org/fhir/subscription-status|off", []),
        ("criteria=urn:phr:topic:new", [0, 1, 2]),
        ("criteria:exact=urn:phr:topic:new", []),
        ("type=rest-hook", [0, 1, 2]),
        ("type=websocket", []),
        (f"url={hook.url}/1", [1]),
        ("contact=email|it@city.example.jp", [0, 1, 2]),
        ("contact=somebody@city.example.jp", []),
        ("payload=application/fhir%2Bjson", [0, 1, 2]),
        ("_lastUpdated=lt2020-01-01", []),
    ):
        seen = {one["id"] for one in found(ready.get(f"/fhir/Subscription?{query}&_count=200"))}
        assert seen & set(ids) == {ids[place] for place in fitting}, query
        assert found(resident.get(f"/fhir/Subscription?{query}")) == []
    pages, address = [], f"/fhir/Subscription?_id={','.join(ids)}&_count=2&_sort=_id"
    while address:
        page = ready.get(address)
        pages += [one["id"] for one in found(page)]
        address = (link(page, "next") or "").partition("8000")[2]
    assert pages == sorted(ids)
    refused(ready.get("/fhir/Subscription?_include=Subscription:url"), 400)
    refused(ready.post("/fhir/Subscription", json=asked[0], headers={"If-None-Exist": "url=x"}), 400)


@proves("Subscription", "interaction", "patch")
def test_a_patch_asks_anew_and_keeps_what_it_does_not_name(system, ready, patient, hook):
    """The sealed headers stay, a handshake follows; the version must be the present one; a patch may end it."""
    made = ready.post("/fhir/Subscription", json=wanted(hook.url, HEART.format(patient))).json()
    tell(system)
    place, headers = f"/fhir/Subscription/{made['id']}", {"Content-Type": "application/json-patch+json"}
    reason = [{"op": "replace", "path": "/reason", "value": "another"}]
    answer = ready("PATCH", place, json=reason, headers=headers)
    assert (answer.status_code, answer.json()["status"], answer.json()["reason"]) == (
        200,
        "requested",
        "another",
    )
    tell(system)
    assert hook.kinds() == ["handshake", "handshake"]
    assert state(ready, made["id"]) == "active"
    refused(ready("PATCH", place, json=reason, headers={**headers, "If-Match": 'W/"1"'}), 412)
    refused(
        ready("PATCH", place, json=[{"op": "replace", "path": "/status", "value": "error"}], headers=headers),
        400,
    )
    end = [{"op": "replace", "path": "/status", "value": "off"}]
    assert ready("PATCH", place, json=end, headers=headers).json()["status"] == "off"
    assert ready("PATCH", place, json=reason, headers=headers).json()["status"] == "off"
    refused(ready("PATCH", "/fhir/Subscription/unknown", json=end, headers=headers), 404)


@proves("*", "topic", "urn:phr:topic:new-observation")
def test_each_delivery_is_one_event_that_names_the_newest_observation(system, ready, person, patient, hook):
    """id-only: the Observation is named, and is read through the interface that asks for consent."""
    subscribed(ready, system, hook, HEART.format(patient))
    measured(system, person, values=(70.0, 71.0, 72.0))
    tell(system)
    assert hook.numbers() == [1]
    focus = hook.foci()[0]
    assert "valueQuantity" not in str(hook.bodies)
    read = ready.get(focus.partition("8000")[2])
    assert read.status_code == 200
    assert read.json()["valueQuantity"]["value"] == 72
    assert hook.bodies[-1]["entry"][1] == {
        "fullUrl": focus,
        "request": {"method": "PUT", "url": focus.partition("/fhir/")[2]},
        "response": {"status": "200"},
    }
    Bundle.model_validate(hook.bodies[-1])
    again = heart_rates(NOON, [70.0, 71.0, 72.0])  # the same again brings nothing new
    assert system.receive(person, [again], request="test").repeated == 3
    tell(system)
    assert hook.numbers() == [1]


def test_nothing_is_written_while_nobody_subscribes(system, person, patient, admin):
    """The cost of this feature for everybody else: one look at a key."""
    agree(system, person, patient, purposes=("collect",))
    measured(system, person)
    kept = admin.execute("SELECT count(*) FROM phr.subscription_happening WHERE person_id = %s", (person,))
    assert kept.fetchone() == (0,)


def test_filters_choose_codes_and_categories(system, ready, person, patient, hook):
    """Another code makes no event, and takes no number."""
    subscribed(ready, system, hook, f"Observation?patient={patient}&code=http://loinc.org|85354-9")
    measured(system, person)
    tell(system)
    assert hook.numbers() == []


def test_an_empty_payload_says_that_something_happened_and_nothing_else(system, ready, person, patient, hook):
    """Neither the event nor an entry names what it is about."""
    subscribed(ready, system, hook, HEART.format(patient), content="empty")
    measured(system, person)
    tell(system)
    assert (hook.numbers(), hook.foci()) == ([1], [""])
    assert len(hook.bodies[-1]["entry"]) == 1


def test_several_events_travel_together_up_to_the_number_that_is_asked_for(
    system, ready, person, patient, hook
):
    """backport-max-count."""
    channel = {"extension": [extension("backport-max-count", 2)]}
    subscribed(ready, system, hook, HEART.format(patient), channel=channel)
    for minute in range(5):
        measured(system, person, minute)
    tell(system)
    assert [len(events(body)) for body in hook.bodies[1:]] == [2, 2, 1]
    assert hook.numbers() == [1, 2, 3, 4, 5]


def test_what_a_receiver_does_not_take_is_sent_again_in_order_and_without_gaps(
    system, ready, person, patient, hook
):
    """At least once: a failure lets the later ones wait, and each keeps its number."""
    identity = subscribed(ready, system, hook, HEART.format(patient))
    for minute in range(3):
        measured(system, person, minute)
    hook.answers = [200, 503]
    tell(system)
    assert hook.numbers() == [1, 2]
    later(system, 10)
    tell(system)
    assert hook.numbers() == [1, 2, 2, 3]
    assert state(ready, identity) == "active"


def test_a_worker_that_dies_before_the_receipt_sends_the_same_number_again(
    system, ready, person, patient, hook, admin
):
    """The letter outlives it; the receiver knows the notification by its number and its id."""
    identity = subscribed(ready, system, hook, HEART.format(patient))
    measured(system, person)
    system.numbering.round(request="test")
    post, system.__dict__["rest_hook"] = system.rest_hook, None  # the process ends while it sends
    assert tell(system).waiting >= 1
    system.__dict__["rest_hook"] = post
    later(system, 10)
    tell(system)
    assert hook.numbers() == [1]
    numbers = admin.execute(
        "SELECT number, state FROM phr.subscription_event WHERE subscription_id = %s", (identity,)
    ).fetchall()
    assert numbers == [(1, "sent")]


def test_a_receiver_that_never_answers_puts_it_into_error_until_it_is_asked_for_again(
    system, ready, person, patient, hook
):
    """What happens meanwhile keeps its number and is fetched with $events."""
    identity = subscribed(ready, system, hook, HEART.format(patient))
    measured(system, person)
    hook.answers = [500] * 20
    for _ in range(8):
        tell(system)
        later(system, 4)
    read = ready.get(f"/fhir/Subscription/{identity}").json()
    assert read["status"] == "error"
    assert "the receiver answers 500" in read["error"]
    calls = len(hook.bodies)
    measured(system, person, 1)
    tell(system)
    assert len(hook.bodies) == calls
    hook.answers = []
    again = {**wanted(hook.url, HEART.format(patient)), "id": identity}
    assert ready.put(f"/fhir/Subscription/{identity}", json=again).json()["status"] == "requested"
    tell(system)
    assert state(ready, identity) == "active"
    measured(system, person, 2)
    tell(system)
    assert hook.numbers()[-1] == 3
    missed = ready.get(f"/fhir/Subscription/{identity}/$events?eventsSinceNumber=1&eventsUntilNumber=2")
    assert [number for number, _focus in events(missed.json())] == [1, 2]


def test_a_receiver_that_is_gone_ends_it(system, ready, patient, hook):
    """410 is an answer, not a failure."""
    hook.answers = [410]
    made = ready.post("/fhir/Subscription", json=wanted(hook.url, HEART.format(patient))).json()
    tell(system)
    assert state(ready, made["id"]) == "off"


def test_a_redirect_is_not_followed(system, ready, patient, hook):
    """It would lead past the check of the address."""
    hook.answers = [307]
    made = ready.post("/fhir/Subscription", json=wanted(hook.url, HEART.format(patient))).json()
    tell(system)
    assert len(hook.bodies) == 1
    assert state(ready, made["id"]) == "requested"


def test_headers_go_with_every_notification_and_are_never_given_back(system, ready, patient, hook, admin):
    """They may hold the receiver's token: sealed where they lie, and kept when an update does not speak of them."""
    channel = {"header": ["Authorization: Bearer of-the-receiver"]}
    identity = subscribed(ready, system, hook, HEART.format(patient), channel=channel)
    assert hook.headers[0]["authorization"] == "Bearer of-the-receiver"
    assert "of-the-receiver" not in ready.get(f"/fhir/Subscription/{identity}").text
    row = admin.execute(
        "SELECT s::text FROM phr.subscription s WHERE subscription_id = %s", (identity,)
    ).fetchone()
    assert "of-the-receiver" not in row[0]
    assert b"of-the-receiver".hex() not in row[0]
    again = {**wanted(hook.url, HEART.format(patient)), "id": identity}
    assert ready.put(f"/fhir/Subscription/{identity}", json=again).status_code == 200
    tell(system)
    assert hook.headers[-1]["authorization"] == "Bearer of-the-receiver"


def test_a_sign_of_life_comes_when_nothing_happens(system, ready, patient, hook):
    """backport-heartbeat-period; it has no number."""
    channel = {"extension": [extension("backport-heartbeat-period", 60)]}
    identity = subscribed(ready, system, hook, HEART.format(patient), channel=channel)
    later(system, 0.5)
    tell(system)
    assert hook.kinds() == ["handshake"]
    later(system, 1)
    tell(system)
    assert hook.kinds() == ["handshake", "heartbeat"]
    assert hook.numbers() == []
    assert ready("DELETE", f"/fhir/Subscription/{identity}").status_code == 204


def test_a_subscription_ends_at_its_end(system, ready, person, patient, hook):
    """Subscription.end."""
    end = (system.clock.now() + timedelta(minutes=10)).isoformat()
    identity = subscribed(ready, system, hook, HEART.format(patient), end=end)
    later(system, 11)
    measured(system, person)
    tell(system)
    assert (state(ready, identity), hook.numbers()) == ("off", [])
