"""Every end of what an app may do is an end at the next request (T-13, leaks 7 and 8), and the trail names the app."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from phr.domain.family.guardianship import Asked
from phr.errors import NotFound
from phr.services.family import Clerk
from tests.conformance.smart.world import FHIR, came_back, csrf


def opens(world, token: str, place: str = "Observation") -> int:
    return world.http().get(f"{FHIR}/{place}", token).status_code


def test_the_persons_button_ends_it_at_the_next_request(world):
    """The page of connected apps: which, what, last used, and one button; without any script."""
    browser, client = world.signed_in(), world.add(name="歩数ノート")
    found = world.exchange(client, world.code(client, browser)).json()
    assert opens(world, found["access_token"]) == 200
    page = browser.get("/connect/apps").text
    assert "歩数ノート" in page
    ident = page.partition("歩数ノート")[2].partition('name="app" value="')[2].partition('"')[0]
    answer = browser.form("/connect/apps/end", {"csrf": csrf(page), "app": ident})
    assert answer.headers["location"] == "/connect/apps?notice=ended"
    assert opens(world, found["access_token"]) == 401
    assert world.refresh(client, found["refresh_token"]).json()["error"] == "invalid_grant"
    assert "あなたが止めました" in browser.get("/connect/apps").text


def test_the_counter_ends_an_app_for_who_has_no_screen(world, admin):
    """One app of one person, at the next request; the trail says that it was the counter, and others go on."""
    found, other = world.launch(), world.launch()
    request = f"counter-{uuid4().hex}"
    assert world.system.smart_apps.end_for(world.patient, found["client"], "cli", request) == 1
    assert opens(world, found["access_token"]) == 401
    assert world.refresh(found["client"], found["refresh_token"]).json()["error"] == "invalid_grant"
    assert opens(world, other["access_token"]) == 200
    rows = admin.execute(
        "SELECT person_id, action, reason FROM phr.audit_event WHERE request_id = %s", (request,)
    ).fetchall()
    assert rows == [(world.person, "revoke", "counter")]
    for patient, client in ((world.patient, found["client"]), ("p-nobody", other["client"])):
        with pytest.raises(NotFound):
            world.system.smart_apps.end_for(patient, client, "cli", request)


@pytest.mark.parametrize("way", ["single", "batch", "mixed", "transaction"])
def test_the_trail_names_the_app_whatever_way_it_wrote(world, admin, way):
    """Who acted is the app, not the person for whom it acts."""
    found = world.launch(scope="patient/Observation.cr patient/Patient.r")
    body = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "subject": {"reference": f"Patient/{world.patient}"},
        "effectiveDateTime": (world.system.clock.now() - timedelta(days=9, hours=len(way))).isoformat(),
        "valueQuantity": {"value": 64, "system": "http://unitsofmeasure.org", "code": "/min"},
    }
    entries = [{"request": {"method": "POST", "url": "Observation"}, "resource": body}]
    if way == "mixed":
        entries.append({"request": {"method": "GET", "url": f"Patient/{world.patient}"}})
    kind = "transaction" if way == "transaction" else "batch"
    sent = body if way == "single" else {"resourceType": "Bundle", "type": kind, "entry": entries}
    request = f"actor-{uuid4().hex}"
    headers = {"Authorization": f"Bearer {found['access_token']}", "X-Request-Id": request}
    place = f"{FHIR}/Observation" if way == "single" else FHIR
    assert world.http()("POST", place, json=sent, headers=headers).status_code in (200, 201)
    rows = admin.execute(
        "SELECT DISTINCT actor FROM phr.audit_event WHERE request_id = %s AND action = 'collect'", (request,)
    ).fetchall()
    assert rows == [(f"app:{found['client']}",)]


def test_nobody_ends_or_sees_another_persons_app(world):
    """Not yours looks like what does not exist."""
    found, mine = world.launch(), world.system.smart_apps.connected(world.person, "a", "t")
    patient = f"p-{uuid4().hex[:12]}"
    resource = {"resourceType": "Patient", "id": patient, "gender": "male", "birthDate": "1980-05-05"}
    other = world.system.register.put(resource, actor="test", role="system", request="test")[0]
    recipient = f"Patient/{patient}"
    world.system.accounts.put(patient, "resident", recipient=recipient, person=other, request="test")
    browser = world.signed_in(patient)
    page = browser.get("/connect/apps").text
    assert "血圧ノート" not in page
    for app in (str(mine[0].grant), "x"):
        answer = browser.form("/connect/apps/end", {"csrf": csrf(page), "app": app})
        assert answer.headers["location"] == "/connect/apps?notice=gone"
    assert opens(world, found["access_token"]) == 200


def test_a_disabled_app_is_turned_away_and_let_in_again(world):
    """By the operator; what was granted is kept."""
    found = world.launch()
    world.system.smart_clients.disable(found["client"], "test")
    assert opens(world, found["access_token"]) == 401
    assert world.ask(found["client"]).status_code == 400
    world.system.smart_clients.disable(found["client"], "test", disabled=False)
    assert opens(world, found["access_token"]) == 200


def test_the_end_of_the_account_ends_its_apps(world, admin):
    """Disabled, or erased with all that hangs on it."""
    found = world.launch()
    admin.execute("UPDATE phr.account SET disabled = true WHERE subject = %s", (world.patient,))
    assert opens(world, found["access_token"]) == 401
    assert world.refresh(found["client"], found["refresh_token"]).json()["error"] == "invalid_grant"
    admin.execute("UPDATE phr.account SET disabled = false WHERE subject = %s", (world.patient,))
    assert opens(world, found["access_token"]) == 200


def test_a_new_secret_ends_the_old_one(world):
    """Rotation counts at once."""
    client = world.add(kind="symmetric")
    old = world.secrets[client]
    new = world.system.smart_clients.rotate(client, "test")
    token = {"token": "x"}
    assert world.post(token, "/oauth/introspect", auth=(client, old)).status_code == 401
    assert world.post(token, "/oauth/introspect", auth=(client, new)).status_code == 200


@pytest.fixture
def child(world):
    """A child for whom the resident acts."""
    patient = f"p-{uuid4().hex[:12]}"
    born = (world.system.clock.now() - timedelta(days=8 * 365)).date().isoformat()
    resource = {
        "resourceType": "Patient", "id": patient, "gender": "female", "birthDate": born, "name": [{"text": "ひなた"}],
    }  # fmt: skip
    person = world.system.register.put(resource, actor="test", role="system", request="test")[0]
    clerk = Clerk("clerk", "test")
    made = world.system.guardians.record(
        person, world.person, Asked("parent", "family-register", "a" * 64), clerk
    )
    return person, patient, clerk, made


def test_a_guardian_lets_an_app_read_the_child_until_the_right_ends(world, child):
    """The child is chosen on the page; reading only; no consents and no trail; over when the right is."""
    person, patient, clerk, made = child
    browser, client = world.signed_in(), world.add()
    asked = world.ask(client, browser, scope="patient/*.cruds offline_access")
    page = browser.get(asked.headers["location"]).text
    assert "ひなた" in page
    back = world.decide(browser, asked, person=str(person))
    found = world.exchange(client, came_back(back)["code"]).json()
    token = found["access_token"]
    assert found["patient"] == patient
    assert set(found["scope"].split()) == {"offline_access", "patient/*.rs"}
    assert opens(world, token, f"Patient/{patient}") == 200
    assert opens(world, token, f"Patient/{world.patient}") == 404
    assert opens(world, token, "Consent") == opens(world, token, "AuditEvent") == 403
    world.system.guardians.end(made.person_id, made.guardianship_id, clerk)
    assert opens(world, token, f"Patient/{patient}") == 401
    assert world.refresh(client, found["refresh_token"]).json()["error"] == "invalid_grant"


def test_nobody_lets_an_app_in_to_somebody_they_do_not_act_for(world, child):
    """The person in the form is one of those on the page."""
    person, _patient, clerk, made = child
    world.system.guardians.end(made.person_id, made.guardianship_id, clerk)
    browser, client = world.signed_in(), world.add()
    back = world.decide(browser, world.ask(client, browser), person=str(person))
    assert back.status_code == 404


def test_the_trail_names_the_app_and_the_person_reads_it(world):
    """Who looked: the app by its name, on the page of the person; no value anywhere."""
    client = world.add(name="脈の手帳")
    found = world.launch(client)
    assert opens(world, found["access_token"]) == 200
    browser = world.signed_in()
    page = browser.get("/who-looked").text
    assert "脈の手帳" in page
    rows = world.system.trail.of_person(world.person, actor=world.patient, request="test")
    assert any(row.actor == f"app:{client}" and row.action == "search" for row in rows)


def test_on_a_device_of_several_people_nothing_is_let_in(world):
    """What opens the account later is not left there."""
    browser = world.http()
    link = world.system.accounts.issue(world.patient, "link", purpose="self", request="test")
    page = browser.get(f"/sign-in?token={link}").text
    browser.form("/session", {"csrf": csrf(page), "token": link, "way": "link", "shared": "1"})
    asked = world.ask(world.add(), browser)
    assert "みんなで使う端末" in browser.get(asked.headers["location"]).text
    assert world.decide(browser, asked).status_code == 422


@pytest.mark.slow
def test_the_operator_sees_the_apps(world, database_url):
    """Which, whose, and how many people let them in."""
    client = world.launch()["client"]
    subject = f"op-{uuid4().hex[:8]}"
    world.system.accounts.put(subject, "operator", recipient="Organization/city-health", request="test")
    rows = {
        one.client.client_id: one for one in world.system.smart_clients.listed(subject, "t", role="operator")
    }
    assert rows[client].people == 1


@pytest.mark.slow
def test_what_is_over_is_forgotten(world):
    """Questions, assertions and tokens; a used one is kept for a day, so that a replay is known for one."""
    found = world.launch()
    world.ask(found["client"])
    world.system.clock.tick(timedelta(days=500))
    assert world.system.smart_apps.sweep("test") >= 4
    world.system.clock.tick(timedelta(days=-500))
    assert opens(world, found["access_token"]) == 401
