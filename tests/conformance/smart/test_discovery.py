"""Discovery (D-01 to D-18), OpenID Connect (O-01 to O-13), CORS (X-01 to X-10)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from phr.api.oauth_metadata import CAPABILITIES, SCOPES
from tests.conformance.smart.world import BASE, FHIR, TOKEN
from tests.proves import proves

SMART = f"{FHIR}/.well-known/smart-configuration"
OPENID = f"{BASE}/.well-known/openid-configuration"
OAUTH = f"{BASE}/.well-known/oauth-authorization-server"
ORIGIN = "https://app.example"


@pytest.fixture(scope="module")
def said(world):
    return world.http().get(SMART).json()


@pytest.fixture(scope="module")
def launched(world):
    return world.launch(nonce="n-0")


@pytest.mark.parametrize("accept", [None, "text/html", "application/fhir+xml", "image/png"])
def test_d01_d02_json_whatever_is_asked_for(world, said, accept):
    """D-01, D-02: without a token."""
    answer = world.http().get(SMART, headers={"Accept": accept} if accept else {})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json() == said


@proves("*", "security", "SMART-on-FHIR")
def test_d04_to_d10_the_fields(said):
    """D-04 to D-10."""
    assert said["token_endpoint"] == TOKEN
    assert said["authorization_endpoint"] == f"{BASE}/oauth/authorize"
    assert said["capabilities"] == list(CAPABILITIES)
    assert set(said["grant_types_supported"]) >= {"authorization_code", "client_credentials"}
    assert said["code_challenge_methods_supported"] == ["S256"]
    assert {"issuer", "jwks_uri"} <= set(said)
    assert "private_key_jwt" in said["token_endpoint_auth_methods_supported"]
    assert set(said["token_endpoint_auth_signing_alg_values_supported"]) == {"RS384", "ES384"}


def test_d09_every_address_is_absolute(said):
    """D-09."""
    places = [
        value for name, value in said.items() if name.endswith(("_endpoint", "_uri")) or name == "issuer"
    ]
    assert len(places) == 7
    assert all(one.startswith(f"{BASE}") for one in places)


@pytest.mark.slow
def test_d11_every_scope_that_is_listed_is_granted(world):
    """D-11."""
    wide = world.add(scope=" ".join(one for one in SCOPES if not one.startswith("system/")) + " patient/*.rs")
    for one in SCOPES:
        if one.startswith("system/"):
            client = world.backend(one)
            assert world.backend_token(client, scope=one).json()["scope"] == one
        else:
            asked = one if "." in one else f"openid {one} patient/Patient.r"
            assert one in world.launch(wide, scope=asked)["scope"].split()


def test_d12_the_set_for_patient_access(said):
    """D-12."""
    wanted = {"launch-standalone", "client-public", "context-standalone-patient", "permission-patient"}
    assert wanted <= set(said["capabilities"])
    assert "launch-ehr" not in said["capabilities"]


def test_d14_every_endpoint_is_there(world, said):
    """D-14."""
    for name in ("introspection_endpoint", "revocation_endpoint", "management_endpoint", "jwks_uri"):
        assert world.http().get(said[name]).status_code != 404


def test_d17_the_three_documents_agree(world, said):
    """D-17, O-02, O-03: from one table."""
    openid, oauth = world.http().get(OPENID).json(), world.http().get(OAUTH).json()
    assert openid == oauth
    assert {name: openid[name] for name in openid if name in said} == {
        name: said[name] for name in said if name in openid
    }
    assert openid["id_token_signing_alg_values_supported"] == ["RS256"]
    assert openid["subject_types_supported"] == ["pairwise"]


def checked(world, token: str) -> dict:
    keys = KeySet.import_key_set(world.http().get(f"{BASE}/oauth/jwks").json())
    return dict(jwt.decode(token, keys, algorithms=["RS256"]).claims)


def test_o01_to_o08_the_id_token(world, launched):
    """O-01, O-05, O-06, O-07, O-08."""
    claims = checked(world, launched["id_token"])
    now = world.system.clock.now().timestamp()
    assert claims["iss"] == BASE
    assert claims["aud"] == launched["client"]
    assert claims["nonce"] == "n-0"
    assert now - 5 < claims["iat"] <= now < claims["exp"]
    assert 0 < len(claims["sub"]) <= 255
    user = world.http().get(claims["fhirUser"], launched["access_token"])
    assert user.json()["resourceType"] == "Patient"


def test_o04_only_public_rsa_keys_are_published(world):
    """O-04: no private member, one kid each."""
    keys = world.http().get(f"{BASE}/oauth/jwks").json()["keys"]
    assert {one["kty"] for one in keys} == {"RSA"}
    assert all(set(one) <= {"kty", "n", "e", "kid", "use", "alg"} for one in keys)
    assert len({one["kid"] for one in keys}) == len(keys)


def test_o09_o12_without_openid_there_is_none_and_the_subject_is_stable(world, launched):
    """O-08, O-09, O-12: the same for one app, another for each."""
    assert "id_token" not in world.launch(scope="launch/patient patient/Patient.r")
    again = checked(world, world.launch(launched["client"])["id_token"])
    other = checked(world, world.launch()["id_token"])
    assert again["sub"] == checked(world, launched["id_token"])["sub"] != other["sub"]
    assert "nonce" not in again


@pytest.mark.slow
def test_o10_an_old_key_counts_while_what_it_signed_does(world, launched):
    """O-10: a new key after 90 days; the old one is published for two more."""
    clock, first = world.system.clock, world.system.smart_keys
    before = {one["kid"] for one in first.published("test")}
    clock.tick(timedelta(days=91))
    try:
        after = {one["kid"] for one in first.published("test")}
        assert before < after
        clock.tick(timedelta(days=3))
        assert before & {one["kid"] for one in first.published("test")} == set()
    finally:
        clock.tick(timedelta(days=-94))


@pytest.mark.parametrize("place", [SMART, f"{FHIR}/metadata", OPENID, f"{BASE}/oauth/jwks"])
def test_x01_x02_anybodys_page_may_read_what_is_public(world, place):
    """X-01, X-02, X-09."""
    answer = world.http().get(place, headers={"Origin": "https://x.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


def test_x03_x04_x06_x08_a_registered_apps_page_may_call(world, launched):
    """X-03, X-04, X-06, X-08; errors too."""
    origin = {"Origin": ORIGIN}
    token = world.post({"grant_type": "x"}, headers=origin)
    assert (token.status_code, token.headers["access-control-allow-origin"]) == (400, ORIGIN)
    found = world.http().get(f"{FHIR}/Patient/{world.patient}", launched["access_token"], headers=origin)
    assert found.headers["access-control-allow-origin"] == ORIGIN
    assert "Origin" in found.headers["vary"]
    shown = found.headers["access-control-expose-headers"]
    assert {"ETag", "Location", "Content-Location", "X-Progress"} <= set(shown.split(", "))


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_x05_a_preflight_needs_no_token(world, launched, method):
    """X-05."""
    headers = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization, content-type, prefer, if-match, if-none-exist",
    }
    answer = world.http()("OPTIONS", f"{FHIR}/Observation", headers=headers)
    assert answer.status_code == 200
    assert method in answer.headers["access-control-allow-methods"]


@pytest.mark.parametrize(
    "origin", ["null", "https://app.example.evil.example", "http://app.example", "https://other.example"]
)
def test_x07_x10_other_pages_may_not(world, launched, origin):
    """X-07, X-10."""
    for place in (f"{FHIR}/Observation", "/oauth/token"):
        answer = world.http().get(place, headers={"Origin": origin})
        assert "access-control-allow-origin" not in answer.headers
    page = world.http().get("/sign-in", headers={"Origin": ORIGIN})
    assert "access-control-allow-origin" not in page.headers
