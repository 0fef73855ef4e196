"""Introspection and revocation (I-01 to I-14)."""

from __future__ import annotations

import pytest

from tests.conformance.smart.world import BASE, FHIR, JWT_BEARER

ASK, END = "/oauth/introspect", "/oauth/revoke"


@pytest.fixture(scope="module")
def secret(world):
    """A confidential app: its id and secret."""
    client = world.add(kind="symmetric")
    return client, world.secrets[client]


@pytest.fixture
def launched(world, secret):
    code = world.code(secret[0])
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": "https://app.example/back"}
    return world.post({**fields, "code_verifier": "v" * 43}, auth=secret).json()


def test_i01_to_i04_what_a_live_token_is(world, secret, launched):
    """I-01 to I-04, I-09."""
    answer = world.post({"token": launched["access_token"], "token_type_hint": "nonsense"}, ASK, auth=secret)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    said, now = answer.json(), world.system.clock.now().timestamp()
    assert said["active"] is True
    assert (said["client_id"], said["patient"]) == (secret[0], world.patient)
    assert set(said["scope"].split()) == set(launched["scope"].split())
    assert abs(said["exp"] - now - launched["expires_in"]) < 5
    assert (said["iss"], said["fhirUser"]) == (BASE, f"{FHIR}/Patient/{world.patient}")
    assert len(said["sub"]) == 64


def test_i05_whatever_is_not_alive_is_one_word(world, secret, launched):
    """I-05: exactly one member, for unknown, revoked and malformed ones."""
    for word in ("sa-unknown", "ü", launched["id_token"], "x" * 5000):
        assert world.post({"token": word}, ASK, auth=secret).json() == {"active": False}
    world.post({"token": launched["access_token"]}, END, auth=secret)
    assert world.post({"token": launched["access_token"]}, ASK, auth=secret).json() == {"active": False}


def test_i05_i12_another_apps_token_is_nobodys(world, secret, launched):
    """An app learns nothing of the tokens of others, and ends none."""
    other = world.add(kind="symmetric")
    who = (other, world.secrets[other])
    assert world.post({"token": launched["access_token"]}, ASK, auth=who).json() == {"active": False}
    assert world.post({"token": launched["access_token"]}, END, auth=who).status_code == 200
    assert world.http().get(f"{FHIR}/Observation", launched["access_token"]).status_code == 200


def test_i06_i07_who_may_ask(world, secret, launched):
    """I-06, I-07: nobody without credentials, no public app, POST only; a server that was registered for it may ask."""
    token = {"token": launched["access_token"]}
    public = world.add()
    for answer in (world.post(token, ASK), world.post({**token, "client_id": public}, ASK)):
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert world.http().get(ASK).status_code == 405
    assert world.post({}, ASK, auth=secret).json()["error"] == "invalid_request"
    asks = world.backend("system/Observation.rs __introspect")
    bearer = world.backend_token(asks, scope="system/Observation.rs __introspect").json()["access_token"]
    said = world.post(token, ASK, headers={"Authorization": f"Bearer {bearer}"})
    assert said.json()["active"] is True
    lacks = world.backend_token(world.backend()).json()["access_token"]
    assert world.post(token, ASK, headers={"Authorization": f"Bearer {lacks}"}).status_code == 403
    assert world.post(token, ASK, headers={"Authorization": "Bearer sa-x"}).status_code == 401


def test_i06_an_assertion_for_the_endpoint_is_a_credential_once(world, launched):
    """I-06, J-87: the token endpoint's assertion opens nothing here, and this one nothing twice."""
    client = world.backend("system/Observation.rs __introspect")
    form = {"token": launched["access_token"], "client_assertion_type": JWT_BEARER}
    wrong = {**form, "client_assertion": world.assertion(client)}
    assert world.post(wrong, ASK).json()["error"] == "invalid_client"
    right = {**form, "client_assertion": world.assertion(client, aud=f"{BASE}{ASK}")}
    assert world.post(right, ASK).json()["active"] is True
    assert world.post(right, ASK).json()["error"] == "invalid_client"


def test_i08_a_refresh_token_is_told_from_an_access_token(world, secret, launched):
    """I-08: active, with a type of its own."""
    said = world.post({"token": launched["refresh_token"]}, ASK, auth=secret).json()
    assert (said["active"], said["token_type"]) == (True, "refresh_token")


def test_i10_i11_i14_the_end_of_an_access_token(world, secret, launched):
    """I-10, I-11: at once; an unknown one is answered in the same way. The grant lives on."""
    answer = world.post({"token": launched["access_token"]}, END, auth=secret)
    assert (answer.status_code, answer.content) == (200, b"")
    assert world.http().get(f"{FHIR}/Observation", launched["access_token"]).status_code == 401
    assert world.post({"token": "unknown"}, END, auth=secret).status_code == 200
    again = {"grant_type": "refresh_token", "refresh_token": launched["refresh_token"]}
    assert world.post(again, auth=secret).status_code == 200


def test_i13_the_end_of_a_refresh_token_ends_the_access_token(world, secret, launched):
    """I-13."""
    world.post({"token": launched["refresh_token"]}, END, auth=secret)
    assert world.http().get(f"{FHIR}/Observation", launched["access_token"]).status_code == 401


def test_i10_a_public_app_ends_its_own(world):
    """RFC 7009 2.1: by its id; without one nobody is known."""
    found = world.launch()
    assert world.post({"token": found["access_token"]}, END).status_code == 401
    world.post({"token": found["access_token"], "client_id": found["client"]}, END)
    assert world.http().get(f"{FHIR}/Observation", found["access_token"]).status_code == 401
