"""Standalone launch with PKCE: what works (L-01 to L-14) and what is refused (L-20 to L-48)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from tests.conformance.smart.world import ASKED, BACK, BASE, FHIR, VERIFIER, came_back, challenge


@pytest.fixture(scope="module")
def app(world):
    return world.add()


@pytest.fixture(scope="module")
def browser(world):
    return world.signed_in()


@pytest.fixture(scope="module")
def launched(world):
    return world.launch()


def test_l01_the_browser_comes_back_with_a_code_and_the_same_state(world, app, browser):
    """L-01: 303 to the redirect URI, state byte for byte, and who answers (RFC 9207)."""
    back = world.decide(browser, world.ask(app, browser))
    assert back.headers["location"].startswith(f"{BACK}?")
    said = came_back(back)
    assert (said["state"], said["iss"]) == ("a state+/=&%20 ü", BASE)
    assert said["code"].startswith("sc-")


def test_l02_the_question_may_come_as_a_form(world, app, browser):
    """L-02: authorize-post."""
    asked = browser.form("/oauth/authorize", world.question(app))
    assert came_back(world.decide(browser, asked))["code"]


def test_l03_to_l07_the_answer_of_the_token_endpoint(launched, world):
    """L-03, L-04, L-06, L-07: the fields, at most an hour, and the patient, who can be read."""
    assert launched["token_type"].lower() == "bearer"
    assert set(launched["scope"].split()) == set(ASKED.split())
    assert type(launched["expires_in"]) is int
    assert 0 < launched["expires_in"] <= 3600
    assert launched["patient"] == world.patient
    assert world.http().get(f"{FHIR}/Patient/{world.patient}", launched["access_token"]).status_code == 200


def test_l05_nobody_keeps_an_answer_with_tokens(world, app, browser):
    """L-05: no-store and no-cache, also on errors."""
    for answer in (
        world.exchange(app, world.code(app, browser)),
        world.exchange(app, "sc-unknown"),
        world.refresh(app, "sr-x"),
    ):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["pragma"] == "no-cache"


def test_l06_the_patient_is_told_without_launch_patient(world):
    """L-06: with a patient/ scope alone the context is inferred."""
    assert world.launch(scope="patient/Observation.rs")["patient"] == world.patient


def test_l10_a_confidential_app_sends_its_secret_in_the_header(world, browser):
    """L-10, L-40: HTTP Basic; a wrong one, or none, is 401 with the scheme that was tried."""
    client = world.add(kind="symmetric")
    secret = world.secrets[client]
    code = world.code(client, browser)
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
    }
    wrong = world.post(fields, auth=(client, "wrong"))
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert wrong.headers["www-authenticate"].startswith("Basic")
    none = world.exchange(client, code)
    assert (none.status_code, none.json()["error"]) == (401, "invalid_client")
    assert world.post(fields, auth=(client, secret)).status_code == 200


def test_j15_an_app_with_keys_proves_itself_at_every_grant(world, browser):
    """J-15, L-10: private_key_jwt for a code and for a refresh."""
    client = world.keyed()
    said = {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}
    first = world.exchange(
        client, world.code(client, browser), client_assertion=world.assertion(client), **said
    )
    assert first.status_code == 200
    token = first.json()["refresh_token"]
    again = world.refresh(client, token, client_assertion=world.assertion(client), **said)
    assert again.status_code == 200
    assert world.refresh(client, again.json()["refresh_token"]).json()["error"] == "invalid_client"


def test_l11_the_token_opens_the_interface_whatever_the_scheme_is_spelt(launched, world):
    """L-11: Bearer is case-insensitive."""
    headers = {"Authorization": f"bEARER {launched['access_token']}"}
    assert world.http().get(f"{FHIR}/Observation", headers=headers).status_code == 200


def test_l13_a_refused_offline_access_is_not_granted(world, browser, app):
    """L-13, T-12: without the tick there is neither the scope nor a refresh token."""
    back = world.decide(browser, world.ask(app, browser), offline=[])
    found = world.exchange(app, came_back(back)["code"]).json()
    assert "offline_access" not in found["scope"].split()
    assert "refresh_token" not in found


def test_l14_a_code_lives_a_minute(world, app, browser):
    """L-14."""
    code = world.code(app, browser)
    world.system.clock.tick(timedelta(seconds=61))
    assert world.exchange(app, code).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "change",
    [
        {"code_challenge": None},  # L-20
        {"code_challenge_method": "plain"},  # L-21
        {"code_challenge_method": None},  # L-22
        {"code_challenge": "short"},
        {"aud": None},  # L-33
        {"aud": "https://evil.example/fhir"},
        {"aud": f"{BASE}/oauth/token"},
        {"state": None},
    ],
)
def test_l20_to_l33_a_question_that_lacks_something_goes_back_as_invalid(world, app, change):
    """L-20, L-21, L-22, L-33: told to the app, with its state."""
    said = came_back(world.ask(app, **change))
    assert said["error"] == "invalid_request"
    assert said.get("state") == (None if "state" in change else "a state+/=&%20 ü")
    assert "code" not in said


def test_l33_one_slash_at_the_end_of_the_audience_is_tolerated(world, app):
    """L-33."""
    assert "/connect/apps/allow/" in world.ask(app, aud=f"{FHIR}/").headers["location"]


@pytest.mark.parametrize("kind", ["token", "id_token token", "", "code token", 'co"de'])
def test_l35_only_codes_are_given(world, app, kind):
    """L-35."""
    answer = world.ask(app, response_type=kind)
    if answer.status_code == 303:
        assert came_back(answer)["error"] in {"unsupported_response_type", "invalid_request"}
    else:
        assert answer.status_code == 400


@pytest.mark.slow
@pytest.mark.parametrize(
    "verifier",
    [
        "w" * 43,  # L-23
        None,  # L-24
        "",
        challenge(),  # L-25
        "v" * 42,  # L-26
        "v" * 129,
        "ä" * 43,
        "v" * 43 + "=",
    ],
)
def test_l23_to_l28_a_wrong_verifier_is_refused_and_burns_the_code(world, app, browser, verifier):
    """L-23 to L-26; L-28: the right one afterwards finds nothing."""
    code = world.code(app, browser)
    refused = world.exchange(app, code, code_verifier=verifier)
    assert refused.status_code == 400
    assert refused.json()["error"] in {"invalid_grant", "invalid_request"}
    assert world.exchange(app, code).json()["error"] == "invalid_grant"


def test_l27_a_second_use_of_a_code_ends_what_the_first_one_gave(world, app, browser):
    """L-27."""
    code = world.code(app, browser)
    found = world.exchange(app, code).json()
    assert world.exchange(app, code).json()["error"] == "invalid_grant"
    assert world.http().get(f"{FHIR}/Observation", found["access_token"]).status_code == 401
    assert world.refresh(app, found["refresh_token"]).json()["error"] == "invalid_grant"


def test_l27_of_two_at_once_one_wins_at_most(world, app, browser):
    """L-27: the row is locked."""
    code = world.code(app, browser)
    with ThreadPoolExecutor(2) as both:
        answers = [one.result() for one in [both.submit(world.exchange, app, code) for _ in range(2)]]
    assert sorted(one.status_code for one in answers) == [200, 400]


def test_l29_l30_a_code_is_bound_to_its_app_and_its_address(world, app, browser):
    """L-29, L-30; another app does not burn it."""
    other = world.add()
    code = world.code(app, browser)
    assert world.exchange(other, code).json()["error"] == "invalid_grant"
    assert world.exchange(app, code).status_code == 200
    for uri in (None, "https://app.example/other"):
        found = world.exchange(app, world.code(app, browser), redirect_uri=uri)
        assert found.json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "uri",
    [
        f"{BACK}?x=1",
        f"{BACK}#x",
        f"{BACK}/",
        "https://app.example/BACK",
        "http://app.example/back",
        f"{BACK}/more",
        "https://app.example/x/../back",
        "https://app.example@evil.example/back",
        "https://app.example:8443/back",
        "https://app.example.evil.example/back",
        "//app.example/back",
        "javascript:alert(1)",
        "",
        None,
    ],
)
def test_l31_the_address_is_compared_sign_by_sign(world, app, uri):
    """L-31: a page and no redirect."""
    answer = world.ask(app, redirect_uri=uri)
    assert answer.status_code == 400
    assert "location" not in answer.headers


def test_l31_a_native_app_on_this_machine_names_its_own_port(world):
    """L-31, RFC 8252 7.3: the port of loopback is free, the rest is not."""
    native = world.add(redirect_uris=("http://127.0.0.1/back",))
    assert world.ask(native, redirect_uri="http://127.0.0.1:49152/back").status_code == 303
    for uri in ("http://127.0.0.1:49152/other", "http://localhost:1/back", "http://127.0.0.1:x/back"):
        assert world.ask(native, redirect_uri=uri).status_code == 400


def test_l32_l37_an_unknown_app_or_a_repeated_field_is_a_page(world, app):
    """L-32, L-37: no redirect where nobody is known."""
    assert world.ask("nobody").status_code == 400
    for name in ("redirect_uri", "client_id", "scope", "state", "code_challenge", "aud"):
        fields = world.question(app)
        answer = world.http().get(f"/oauth/authorize?{urlencode([*fields.items(), (name, fields[name])])}")
        assert (answer.status_code, answer.headers.get("location")) == (400, None)


def test_l36_a_no_is_told_with_the_state(world, app, browser):
    """L-36; the question is over afterwards."""
    asked = world.ask(app, browser)
    said = came_back(world.decide(browser, asked, answer="no"))
    assert (said["error"], said["state"]) == ("access_denied", "a state+/=&%20 ü")
    assert browser.get(asked.headers["location"]).status_code == 404


def test_l38_l39_the_token_endpoint_takes_forms_and_three_grants(world, app):
    """L-38, L-39: nothing in the address, no JSON, no GET, no other grant, no field twice."""
    http = world.http()
    assert http.get("/oauth/token").status_code == 405
    assert http("POST", "/oauth/token", json={"grant_type": "refresh_token"}).status_code == 400
    assert http.form("/oauth/token?client_secret=x", {"grant_type": "refresh_token"}).status_code == 400
    password = world.post({"grant_type": "password", "client_id": app})
    assert (password.status_code, password.json()["error"]) == (400, "unsupported_grant_type")
    assert world.post({"client_id": app}).json()["error"] == "invalid_request"
    twice = [("grant_type", "refresh_token"), ("grant_type", "refresh_token"), ("client_id", app)]
    assert world.post(twice).json()["error"] == "invalid_request"
    assert world.post([("a", "b" * 70_000)]).status_code == 400


def test_l41_two_ways_of_proving_at_once_are_refused(world):
    """L-41."""
    client = world.backend()
    fields = {"grant_type": "client_credentials", "scope": "system/Observation.rs", "client_assertion": "x"}
    assert world.post(fields, auth=(client, "x")).json()["error"] == "invalid_request"


@pytest.mark.parametrize("header", ["Basic x", "Basic 4pyT4pyT", "Basic /w==", "Basic", "Digest x"])
def test_l40_a_broken_authorization_header_is_an_error_of_oauth(world, app, header):
    """L-40: never another exception."""
    answer = world.post(
        {"grant_type": "refresh_token", "refresh_token": "x"}, headers={"Authorization": header}
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_l42_l43_l44_a_token_that_is_none_opens_nothing(world, launched):
    """L-42 to L-44: RFC 6750; a refresh token is no access token, nor is one in the address."""
    for word in ("sa-unknown", launched["refresh_token"], "x", launched["id_token"]):
        answer = world.http().get(f"{FHIR}/Observation", word)
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    none = world.http().get(f"{FHIR}/Observation")
    assert (none.status_code, "error=" in none.headers["www-authenticate"]) == (401, False)
    where = f"{FHIR}/Observation?access_token={launched['access_token']}"
    assert world.http().get(where).status_code == 401


def test_l42_an_access_token_ends_after_its_hour(world):
    """L-42, L-04."""
    found = world.launch()
    world.system.clock.tick(timedelta(seconds=3601))
    assert world.http().get(f"{FHIR}/Observation", found["access_token"]).status_code == 401
    world.system.clock.tick(timedelta(seconds=-3601))


def test_l45_l46_the_token_stays_within_its_scope_and_its_patient(world, launched):
    """L-45, L-46: 403 insufficient_scope; of somebody else nothing."""
    http, token = world.http(), launched["access_token"]
    outside = http.get(f"{FHIR}/Consent", token)
    assert outside.status_code == 403
    assert 'error="insufficient_scope"' in outside.headers["www-authenticate"]
    assert outside.json()["resourceType"] == "OperationOutcome"
    assert http.get(f"{FHIR}/Patient/somebody-else", token).status_code in {403, 404}
    found = http.get(f"{FHIR}/Observation?patient=somebody-else", token)
    assert found.status_code in {403, 404} or not found.json().get("entry")


def test_l47_the_page_of_the_question_is_framed_by_nobody(world, app, browser):
    """L-47: no frame, no cache, no referrer; a form that leads to the app and nowhere else."""
    page = browser.get(world.ask(app, browser).headers["location"])
    policy = page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self' https://app.example;" in policy
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"


def test_l47_the_decision_needs_the_form_of_our_own_page(world, app, browser):
    """CSRF: a form from elsewhere decides nothing."""
    place = world.ask(app, browser).headers["location"]
    answer = browser.form(place, {"answer": "yes", "csrf": "x", "person": str(world.person)})
    assert answer.status_code == 403
    assert browser.get(place).status_code == 200


def test_l48_a_long_state_comes_back_and_one_that_is_too_long_is_refused(world, app, browser):
    """L-48: up to 2,048 signs."""
    back = world.decide(browser, world.ask(app, browser, state="s" * 2048))
    assert came_back(back)["state"] == "s" * 2048
    assert world.ask(app, state="s" * 2049).status_code == 400


def test_who_is_not_signed_in_signs_in_first_and_then_decides(world, app):
    """The question waits; the address of the page carries nothing of it."""
    asked = world.ask(app)
    there = asked.headers["location"]
    first = world.http().get(there)
    assert first.headers["location"].startswith("/sign-in?after=/connect/apps/allow/")
    assert "scope" not in there
