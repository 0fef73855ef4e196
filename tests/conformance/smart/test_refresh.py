"""Token refresh (T-01 to T-14): rotation, narrowing, and every end of a grant."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.conformance.smart.world import ASKED, FHIR, came_back


@pytest.fixture
def launched(world):
    return world.launch()


def test_t01_t02_t03_t09_the_scopes_and_the_patient_stay(world, launched):
    """T-01, T-02, T-03, T-09."""
    first = world.refresh(launched["client"], launched["refresh_token"])
    assert first.status_code == 200
    found = first.json()
    assert set(found) >= {"access_token", "token_type", "expires_in", "scope", "refresh_token"}
    assert set(found["scope"].split()) == set(ASKED.split())
    assert found["patient"] == world.patient
    again = world.refresh(launched["client"], found["refresh_token"], scope=found["scope"])
    assert set(again.json()["scope"].split()) == set(ASKED.split())


def test_t04_a_subset_is_given_and_the_next_refresh_has_everything_again(world, launched):
    """T-04."""
    narrow = world.refresh(launched["client"], launched["refresh_token"], scope="patient/Patient.r").json()
    assert narrow["scope"] == "patient/Patient.r"
    assert world.http().get(f"{FHIR}/Observation", narrow["access_token"]).status_code == 403
    wide = world.refresh(launched["client"], narrow["refresh_token"]).json()
    assert set(wide["scope"].split()) == set(ASKED.split())


@pytest.mark.parametrize(
    "scope",
    [
        "patient/Consent.r",
        "patient/Patient.read",
        "patient/*.rs",
        "patient/Patient.rs",
        "system/Patient.r",
        "x",
    ],
)
def test_t05_nothing_is_widened_and_the_token_is_not_lost(world, launched, scope):
    """T-05: whatever it is called."""
    answer = world.refresh(launched["client"], launched["refresh_token"], scope=scope)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    assert world.refresh(launched["client"], launched["refresh_token"]).status_code == 200


def test_t05_a_constraint_cannot_be_shed(world):
    """T-05: Observation of one code does not become Observation."""
    found = world.launch(scope="patient/Observation.rs?code=8867-4 offline_access")
    answer = world.refresh(found["client"], found["refresh_token"], scope="patient/Observation.rs")
    assert answer.json()["error"] == "invalid_scope"


def test_t06_t07_the_token_is_bound_to_its_app(world, launched):
    """T-06, T-07."""
    assert world.refresh(world.add(), launched["refresh_token"]).json()["error"] == "invalid_grant"
    secret = world.add(kind="symmetric")
    assert world.refresh(secret, launched["refresh_token"]).json()["error"] == "invalid_client"
    assert world.refresh(launched["client"], launched["refresh_token"]).status_code == 200


def test_t08_a_token_used_before_ends_everything(world, launched):
    """T-08: rotation; within ten seconds it is one app that asked twice."""
    found = world.refresh(launched["client"], launched["refresh_token"]).json()
    assert world.refresh(launched["client"], launched["refresh_token"]).json()["error"] == "invalid_grant"
    assert world.http().get(f"{FHIR}/Observation", found["access_token"]).status_code == 200
    world.system.clock.tick(timedelta(seconds=11))
    assert world.refresh(launched["client"], launched["refresh_token"]).json()["error"] == "invalid_grant"
    assert world.refresh(launched["client"], found["refresh_token"]).json()["error"] == "invalid_grant"
    assert world.http().get(f"{FHIR}/Observation", found["access_token"]).status_code == 401


def test_t11_offline_access_outlives_the_session(world):
    """T-11."""
    client, browser = world.add(), world.signed_in()
    found = world.exchange(client, world.code(client, browser)).json()
    world.system.accounts.end_all(world.patient, "test")
    assert world.refresh(client, found["refresh_token"]).status_code == 200


def for_a_day(world) -> list:
    """The grants that last a day at most; those that are over first."""
    listed = world.system.smart_apps.connected(world.person, world.patient, "test")
    found = [one for one in listed if one.until - one.since == timedelta(days=1)]
    return sorted(found, key=lambda one: one.ended, reverse=True)


def test_t11_online_access_ends_with_the_session(world):
    """T-11: every token at once; who signs in again brings nothing back, and was not asked about it."""
    client, browser = world.add(), world.signed_in()
    asked = "patient/Observation.rs online_access"
    found = world.exchange(client, world.code(client, browser, scope=asked)).json()
    assert set(found["scope"].split()) == set(asked.split())
    found = world.refresh(client, found["refresh_token"]).json()
    assert world.http().get(f"{FHIR}/Observation", found["access_token"]).status_code == 200
    world.system.clock.tick(timedelta(seconds=1))
    world.system.accounts.end_all(world.patient, "test")
    assert world.http().get(f"{FHIR}/Observation", found["access_token"]).status_code == 401
    world.signed_in()
    assert world.http().get(f"{FHIR}/Observation", found["access_token"]).status_code == 401
    assert world.refresh(client, found["refresh_token"]).json()["error"] == "invalid_grant"
    assert [one.ended for one in for_a_day(world)] == ["over"]


def test_online_access_lasts_a_day_at_most_and_is_what_stays_of_both(world):
    """Who asks for both and is let in for neither hour nor month goes on while the person stays signed in."""
    client, browser = world.add(), world.signed_in()
    asked = "patient/Observation.rs offline_access online_access"
    both = world.exchange(client, world.code(client, browser, scope=asked)).json()
    assert set(both["scope"].split()) == {"patient/Observation.rs", "offline_access"}
    back = world.decide(browser, world.ask(client, browser, scope=asked), offline=[])
    less = world.exchange(client, came_back(back)["code"]).json()
    assert set(less["scope"].split()) == {"patient/Observation.rs", "online_access"}
    assert [one.ended for one in for_a_day(world)] == ["over", ""]


def test_t13_the_time_that_the_person_chose_ends_it(world):
    """T-13: 30 days, and the last access token no longer than that."""
    found = world.launch()
    world.system.clock.tick(timedelta(days=30, seconds=-600))
    last = world.refresh(found["client"], found["refresh_token"]).json()
    assert last["expires_in"] == 600
    world.system.clock.tick(timedelta(seconds=601))
    assert world.http().get(f"{FHIR}/Observation", last["access_token"]).status_code == 401
    assert world.refresh(found["client"], last["refresh_token"]).json()["error"] == "invalid_grant"
    world.system.clock.tick(timedelta(days=-30, seconds=-1))


def test_t14_what_is_no_refresh_token_is_none(world, launched):
    """T-14: garbage, an access token, a code."""
    for word in ("x", launched["access_token"], world.code(launched["client"])):
        assert world.refresh(launched["client"], word).json()["error"] == "invalid_grant"
    assert world.post({"grant_type": "refresh_token", "client_id": launched["client"]}).status_code == 400
