"""Backend services: signed assertions (J-01 to J-89)."""

from __future__ import annotations

import base64
import hmac
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from joserfc.jwk import ECKey, RSAKey

from phr.clients.jwks import PublishedKeys
from phr.errors import Invalid, Refused
from phr.services.smart.endpoints import Endpoints
from tests.conformance.smart.world import (
    EC,
    FHIR,
    JWT_BEARER,
    RSA,
    TOKEN,
    jwks,
    unsigned,
)
from tests.phr.clients.key_server import KeyServer

OTHER_RSA = RSAKey.generate_key(2048)


@pytest.fixture(scope="module")
def client(world):
    return world.backend()


def refused(answer, error="invalid_client"):
    """An OAuth error, and no token."""
    assert answer.status_code in {400, 401}, answer.text
    assert answer.json()["error"] == error
    assert "access_token" not in answer.json()
    return True


def test_j01_to_j04_j14_the_answer(world, client):
    """J-01 to J-04, J-14: at most five minutes, no refresh token, kept by nobody."""
    answer = world.backend_token(client, scope="system/Observation.rs offline_access")
    assert answer.status_code == 200
    said = answer.json()
    assert said["token_type"].lower() == "bearer"
    assert 0 < said["expires_in"] <= 300
    assert said["scope"] == "system/Observation.rs"
    assert not {"refresh_token", "patient", "id_token"} & set(said)
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")


def test_j03_the_token_is_dead_after_its_time(world, client):
    """J-03."""
    token = world.backend_token(client).json()["access_token"]
    place = f"{FHIR}/Observation?patient={world.patient}"
    assert world.http().get(place, token).status_code == 200
    world.system.clock.tick(timedelta(seconds=301))
    assert world.http().get(place, token).status_code == 401
    world.system.clock.tick(timedelta(seconds=-301))


@pytest.mark.parametrize("key", [RSA, EC], ids=["RS384", "ES384"])
def test_j05_both_algorithms(world, client, key):
    """J-05, D-10."""
    assert world.backend_token(client, world.assertion(client, key)).status_code == 200


def test_j10_j11_an_array_of_audiences_and_a_slow_clock(world, client):
    """J-10, J-11: 30 seconds are forgiven."""
    now = int(world.system.clock.now().timestamp())
    assert world.backend_token(client, world.assertion(client, aud=["x", TOKEN])).status_code == 200
    assert world.backend_token(client, world.assertion(client, exp=now - 5)).status_code == 200
    assert refused(world.backend_token(client, world.assertion(client, exp=now - 31)))


def test_j12_j26_j27_what_is_beyond_the_registration_is_not_granted(world, client):
    """J-12, J-26, J-27."""
    assert world.backend_token(client, scope="system/*.rs").json()["scope"] == "system/Observation.rs"
    both = "system/Observation.cruds system/Patient.rs"
    assert world.backend_token(client, scope=both).json()["scope"] == "system/Observation.rs"
    for scope in (
        "system/Patient.rs",
        "patient/Observation.rs",
        "launch openid",
        "user/*.rs",
        "system/Observation.sr",
    ):
        assert refused(world.backend_token(client, scope=scope), "invalid_scope")


def test_j13_the_interface_holds_it_to_its_scope_and_to_consent(world, client):
    """J-13: and an organisation without consent sees nobody."""
    token = world.backend_token(client).json()["access_token"]
    found = world.http().get(f"{FHIR}/Observation?patient={world.patient}", token)
    assert found.status_code == 200
    assert found.json()["entry"]
    assert world.http().get(f"{FHIR}/Patient/{world.patient}", token).status_code == 403
    stranger = world.backend(recipient="Organization/nobody-knows")
    other = world.backend_token(stranger).json()["access_token"]
    nothing = world.http().get(f"{FHIR}/Observation?patient={world.patient}", other)
    assert not nothing.json().get("entry")


def test_j20_to_j25_a_request_that_lacks_something(world, client):
    """J-20 to J-25."""
    unknown = world.backend_token(client, grant_type="not_a_grant_type")
    assert (unknown.status_code, unknown.json()["error"]) == (400, "unsupported_grant_type")
    assert refused(world.backend_token(client, grant_type=None), "invalid_request")
    for change in ({"client_assertion_type": "x"}, {"client_assertion_type": None}, {"client_assertion": ""}):
        assert refused(world.backend_token(client, **change))
    for scope in (None, "", " "):
        assert refused(world.backend_token(client, scope=scope), "invalid_request")
    word = world.assertion(client)
    twice = [
        ("grant_type", "client_credentials"),
        ("scope", "system/*.rs"),
        ("client_assertion_type", JWT_BEARER),
    ]
    assert refused(
        world.post([*twice, ("client_assertion", word), ("client_assertion", word)]), "invalid_request"
    )


def test_j28_j31_j32_another_id_a_shared_secret_a_disabled_client(world, client):
    """J-28, J-31, J-32: the same answer as for an unknown client."""
    assert refused(world.backend_token(client, client_id="somebody-else"))
    symmetric = world.add(kind="symmetric")
    form = {"grant_type": "client_credentials", "scope": "system/Observation.rs"}
    assert refused(world.post(form, auth=(symmetric, world.secrets[symmetric])))
    gone = world.backend()
    token = world.backend_token(gone).json()["access_token"]
    world.system.smart_clients.disable(gone, "test")
    closed = world.backend_token(gone)
    assert refused(closed)
    assert closed.json() == world.backend_token("unknown-client").json()
    assert world.http().get(f"{FHIR}/Observation?patient={world.patient}", token).status_code == 401


def confused(alg: str, claims: dict, pem: bytes) -> str:
    """J-43: the public key as if it were a shared secret."""
    word = unsigned({"alg": alg, "kid": "rsa"}, claims).rpartition(".")[0]
    made = hmac.digest(pem, word.encode(), {"HS256": "sha256", "HS384": "sha384"}[alg])
    return f"{word}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


def _forged(world, client) -> dict[str, str]:
    """J-40 to J-56: what is no assertion of this client."""
    claims, good = world.claims(client), world.assertion(client)
    head, body, sign = good.split(".")
    pem = RSA.as_pem(private=False)
    small = ECKey.generate_key("P-256")
    shared = {f"hs-{alg}": confused(alg, claims, pem) for alg in ("HS256", "HS384")}
    return {
        "word": "abc",
        "two-parts": f"{head}.{body}",
        "five-parts": f"{good}.x.y",
        "bad-base64": f"{head}.{body}!.{sign}",
        "padded": f"{head}=.{body}.{sign}",
        "header-no-json": f"eA.{body}.{sign}",
        "claims-no-object": unsigned({"alg": "RS384", "kid": "rsa"}, [1], b"x"),
        "changed-claims": f"{head}.{unsigned({}, world.claims(client)).split('.')[1]}.{sign}",
        "changed-signature": f"{head}.{body}.{sign[:-4]}AAAA",
        "no-signature": f"{head}.{body}.",
        **{f"none-{alg}": unsigned({"alg": alg, "kid": "rsa"}, claims) for alg in ("none", "None", "nOnE")},
        **shared,
        "rs256": world.assertion(client, header={"alg": "RS256"}),
        "ps384": world.assertion(client, header={"alg": "PS384"}),
        "es256": world.assertion(client, small, header={"alg": "ES256"}),
        "rsa-under-ec": world.assertion(client, header={"kid": "ec"}),
        "ec-under-rsa": world.assertion(client, EC, header={"kid": "rsa"}),
        "no-kid": world.assertion(client, header={"kid": None}),
        "unknown-kid": world.assertion(client, header={"kid": "x"}),
        "other-key": world.assertion(client, OTHER_RSA),
        "typ": world.assertion(client, header={"typ": "at+jwt"}),
        "jku-by-value": world.assertion(client, header={"jku": "https://app.example/jwks"}),
        "own-jwk": world.assertion(client, OTHER_RSA, header={"jwk": OTHER_RSA.as_dict(private=False)}),
        "crit": unsigned({"alg": "RS384", "kid": "rsa", "crit": ["x"], "x": 1}, claims, b"x"),
        "b64": unsigned({"alg": "RS384", "kid": "rsa", "b64": False}, claims, b"x"),
        "long": good + "A" * 20_000,
        "path-kid": world.assertion(client, header={"kid": "../../x"}),
        "sql-kid": world.assertion(client, header={"kid": "' or 1=1"}),
        "unicode": "ü.ü.ü",
    }


def test_j40_to_j56_whatever_is_forged_is_refused_in_one_way(world, client):
    """J-40 to J-50, J-52 to J-56, J-88: one answer, so that nobody learns what was wrong."""
    said = set()
    for name, word in _forged(world, client).items():
        answer = world.backend_token(client, word)
        assert refused(answer), name
        said.add(answer.text)
    assert len(said) == 1
    twice = unsigned({"alg": "RS384", "kid": "rsa"}, b'{"sub":"a","sub":"b"}', b"x")
    assert refused(world.backend_token(client, twice))


def test_j48_two_keys_under_one_id_are_none(world):
    """J-48, J-58, J-59: at registration already; and unfit or private keys."""
    twice = {**OTHER_RSA.as_dict(private=False), "kid": "rsa"}
    small = {**ECKey.generate_key("P-256").as_dict(private=False), "kid": "p"}
    private = {**EC.as_dict(private=True), "kid": "q"}
    enc = {**OTHER_RSA.as_dict(private=False), "kid": "e", "use": "enc"}
    for extra in (
        twice,
        small,
        private,
        enc,
        {"kid": "x"},
        {"kid": "y", "kty": "RSA", "n": "AQAB", "e": "AQAB"},
    ):
        with pytest.raises(Invalid, match="jwks"):
            world.backend(jwks=jwks(extra))


@pytest.mark.parametrize(
    "change",
    [
        {"iss": None},  # J-70
        {"sub": None},
        {"iss": "unknown", "sub": "unknown"},  # J-71
        {"iss": "somebody-else"},  # J-72
        {"aud": None},  # J-73
        {"aud": FHIR},
        {"aud": []},
        {"aud": TOKEN.replace("http", "https")},  # J-74
        {"aud": f"{TOKEN}/"},
        {"aud": TOKEN.replace("token", "Token")},
        {"exp": None},  # J-75
        {"exp": 1},  # J-76
        {"exp": 253_402_300_799},  # J-77
        {"exp": "2000000000"},  # J-78
        {"exp": -1},
        {"exp": 1.5},
        {"exp": True},
        {"exp": 10**30},
        {"nbf": 4_000_000_000},  # J-79
        {"iat": 4_000_000_000},
        {"iat": 1},
        {"jti": None},  # J-80
        {"jti": ""},
        {"jti": 7},
        {"jti": "j" * 10_000},
    ],
)
def test_j70_to_j80_claims_that_do_not_hold(world, client, change):
    """J-70 to J-80."""
    assert refused(world.backend_token(client, world.assertion(client, **change)))


def test_j77_no_more_than_five_minutes_ahead(world, client):
    """J-77: and the leeway."""
    now = int(world.system.clock.now().timestamp())
    assert world.backend_token(client, world.assertion(client, exp=now + 300)).status_code == 200
    assert refused(world.backend_token(client, world.assertion(client, exp=now + 332)))


def test_j81_j82_j83_j86_an_id_counts_once_for_each_client(world, client):
    """J-81, J-82, J-83, J-86: one that was forged burns nothing."""
    jti = uuid4().hex
    word = world.assertion(client, jti=jti)
    head, body, sign = word.split(".")
    assert refused(world.backend_token(client, f"{head}.{body}.{sign[:-4]}AAAA"))
    assert world.backend_token(client, word).status_code == 200
    assert refused(world.backend_token(client, word))
    assert refused(world.backend_token(client, world.assertion(client, EC, jti=jti)))
    other = world.backend()
    assert world.backend_token(other, world.assertion(other, jti=jti)).status_code == 200


def test_j84_j85_of_two_at_once_one_gets_a_token(world, client):
    """J-84, J-85: the database remembers, whichever process asks."""
    word = world.assertion(client)
    with ThreadPoolExecutor(2) as both:
        answers = [one.result() for one in [both.submit(world.backend_token, client, word) for _ in range(2)]]
    assert sorted(one.status_code for one in answers) == [200, 401]


def test_j89_neither_assertion_nor_token_is_in_the_logs(world, client, caplog, capsys):
    """J-89: Authlib writes tokens at DEBUG, which is why it may not."""
    caplog.set_level(logging.DEBUG)
    word = world.assertion(client)
    token = world.backend_token(client, word).json()["access_token"]
    written = caplog.text + "".join(capsys.readouterr())
    assert token not in written
    assert word not in written


# Keys that a client publishes


@pytest.fixture
def server(world, monkeypatch):
    """A client that publishes its keys, and the stub that serves them."""
    made = KeyServer(jwks())
    published = PublishedKeys(world.system.clock, http=made.client(), resolve=made.resolve)
    system = world.system
    endpoints = Endpoints(system.store, system.clock, system.smart_place, published, system.smart_keys)
    monkeypatch.setattr(system, "smart_endpoints", endpoints)
    made.name = world.add(
        kind="asymmetric", jwks_url=made.url, backend=True, scope="system/Observation.rs",
        recipient="Organization/city-health", purpose="guidance",
    )  # fmt: skip
    return made


def test_j06_j07_j08_j09_keys_are_fetched_and_kept_as_the_client_says(world, server):
    """J-06 to J-09, J-60."""
    server.control = "max-age=60"
    word = world.assertion(server.name, header={"jku": server.url})
    assert world.backend_token(server.name, word).status_code == 200
    assert world.backend_token(server.name).status_code == 200
    assert len(server.seen) == 1
    assert (server.seen[0].method, server.seen[0].headers["accept"]) == ("GET", "application/json")
    server.body = json.dumps({"keys": []}).encode()
    assert world.backend_token(server.name).status_code == 200
    world.system.clock.tick(timedelta(seconds=61))
    assert refused(world.backend_token(server.name))
    world.system.clock.tick(timedelta(seconds=-61))


def test_j09_no_store_is_obeyed(world, server):
    """J-09."""
    server.control = "no-store"
    for _ in range(2):
        assert world.backend_token(server.name).status_code == 200
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    "jku",
    [
        "https://evil.example/jwks",
        "http://keys.example/jwks",
        "https://keys.example/jwks/more",
        "https://keys.example@evil.example/jwks",
    ],
)
def test_j51_another_jku_is_refused_and_not_fetched(world, server, jku):
    """J-51: nothing is asked of any address."""
    assert refused(world.backend_token(server.name, world.assertion(server.name, header={"jku": jku})))
    assert server.seen == []


@pytest.mark.parametrize("trouble", ["timeout", "500", "html", "redirect", "huge", "deep"])
def test_j57_keys_that_cannot_be_read_are_no_keys(world, server, trouble):
    """J-57: an error of OAuth, within a time limit; nothing is followed."""
    server.trouble = trouble
    assert refused(world.backend_token(server.name))
    assert len(server.seen) == 1


def test_j57_a_name_that_leads_into_our_own_network_is_not_asked(world, server):
    """Leak 15, SSRF: resolved first, and refused if any address is not public."""
    for address in (
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "::1",
        "::ffff:10.0.0.1",
        "fd00::1",
        "64:ff9b::a00:1",
    ):
        server.addresses = ["93.184.216.34", address]
        assert refused(world.backend_token(server.name))
    assert server.seen == []
    with pytest.raises(Refused):
        PublishedKeys(world.system.clock, http=server.client(), resolve=lambda _host: []).get(server.url, "x")
