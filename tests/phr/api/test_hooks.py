"""Notifications: only the cloud's own are taken, each once while it waits, and nothing is read in the request."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fastapi import FastAPI

from ingest.cloud.webhooks import Keys
from ingest.errors import Transient
from phr.api import hooks, problems
from tests.phr.services.google_cloud import FakeGoogle, connected, join
from tests.phr.services.scenes import a_person, rows_of

SECRET = "Bearer a-long-random-word"
PLACE = "/hooks/google-health"
KEY_ID = 77


class Signer:
    """Google's side: a key, its published form, and signatures in Tink's format."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.reachable = True

    def keyset(self) -> str:
        if not self.reachable:
            raise Transient("no keys")
        numbers = self.key.public_key().public_numbers()
        point = b"\x1a\x21" + numbers.x.to_bytes(33) + b"\x22\x21" + numbers.y.to_bytes(33)
        value = base64.b64encode(b"\x12\x06\x08\x03\x10\x02\x18\x02" + point).decode()
        data = {"typeUrl": "type.googleapis.com/google.crypto.tink.EcdsaPublicKey", "value": value}
        key = {"keyData": data, "status": "ENABLED", "keyId": KEY_ID, "outputPrefixType": "TINK"}
        return json.dumps({"primaryKeyId": KEY_ID, "key": [key]})

    def sign(self, body: bytes) -> str:
        return base64.b64encode(
            b"\x01" + KEY_ID.to_bytes(4) + self.key.sign(body, ec.ECDSA(SHA256()))
        ).decode()


@pytest.fixture
def signer():
    return Signer()


@pytest.fixture
def fake():
    return FakeGoogle()


@pytest.fixture
def post(system, signer, fake):
    """Sends a body to the hook; signed and authorised unless told otherwise."""
    join(system, fake)
    ticks = itertools.count()
    system.__dict__["webhook_keys"] = Keys(signer.keyset, lambda: float(next(ticks)))
    settings = {"google_webhook_secret": f"{SECRET}, Bearer the-next-word"}
    system.settings = system.settings.model_copy(
        update={name: type(system.settings.google_webhook_secret)(text) for name, text in settings.items()}
    )
    app = FastAPI()
    app.state.system = system
    app.include_router(hooks.router)
    problems.install(app)

    def send(body, *, authorization=SECRET, signature=None):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Authorization": authorization, "Content-Type": "application/json"}
        given = signer.sign(raw) if signature is None else signature
        headers |= {"GOOGLE-HEALTH-API-SIGNATURE": given} if given else {}
        return asyncio.run(_send(app, raw, {name: text for name, text in headers.items() if text}))

    return send


async def _send(app, raw, headers):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        return await client.post(PLACE, content=raw, headers=headers)


@pytest.fixture
def who(system, post, fake):
    made = a_person(system, purposes=("collect",), categories=("heart",))
    connected(system, fake, *made)
    return made


def notice(fake, **more):
    interval = {
        "physicalTimeInterval": {"startTime": "2026-03-07T17:29:00Z", "endTime": "2026-03-07T17:34:00Z"}
    }
    data = {"version": "1", "clientProvidedSubscriptionName": "x", "healthUserId": fake.user}
    return {"data": data | {"operation": "UPSERT", "dataType": "heart-rate", "intervals": [interval]} | more}


def waiting(admin, who):
    return len(rows_of(admin, "cloud_notice", who[0]))


def test_the_handshake_answers_201_with_the_secret_and_401_without(post):
    """Both probes, before any subscriber exists; neither is signed."""
    probe = {"type": "verification"}
    assert post(probe, signature="").status_code == 201
    assert post(probe, signature="", authorization="Bearer the-next-word").status_code == 201
    assert post(probe, signature="", authorization="").status_code == 401
    assert post(probe, signature="", authorization="Bearer other").status_code == 401


@pytest.mark.parametrize("form", [lambda one: one, lambda one: [one], lambda one: [one, one]])
def test_an_object_and_an_array_are_both_taken(post, fake, who, admin, form):
    """Documented as the one, delivered as the other; 204 at once, and nothing was asked of the cloud meanwhile."""
    asked = len(fake.requests)
    assert post(form(notice(fake))).status_code == 204
    assert waiting(admin, who) == 1
    assert len(fake.requests) == asked


def test_a_replay_changes_nothing(post, fake, who, admin):
    """Nothing in the signature says when, so the same body again must do nothing more."""
    for _ in range(3):
        assert post(notice(fake)).status_code == 204
    assert waiting(admin, who) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"authorization": ""},
        {"authorization": "Bearer other"},
        {"signature": ""},
        {"signature": "AAAA"},
        {"signature": "é"},
    ],
)
def test_what_is_not_the_clouds_own_is_refused(post, fake, who, admin, wrong):
    """Both proofs are needed: the word that only the cloud was told, and its signature."""
    if wrong.get("signature") == "é":
        wrong = {"signature": base64.b64encode(b"\x01\x00\x00\x00\x4d" + b"x" * 70).decode()}
    assert post(notice(fake), **wrong).status_code == 401
    assert waiting(admin, who) == 0


def test_a_signature_of_another_body_is_refused(post, fake, who, admin, signer):
    """It is over the raw bytes: one more space is another body."""
    raw = json.dumps(notice(fake)).encode()
    assert post(raw + b" ", signature=signer.sign(raw)).status_code == 401
    assert post(raw, signature=signer.sign(raw)).status_code == 204


def test_a_notice_of_nobody_is_dropped_and_counted(post, fake, who, admin):
    """204, so that it does not come back for a week."""
    before = count("unknown-user")
    assert post(notice(fake, healthUserId="nobody")).status_code == 204
    assert waiting(admin, who) == 0
    assert count("unknown-user") == before + 1


def test_a_person_who_disconnected_is_nobody(post, fake, who, admin, system):
    """What comes late is dropped."""
    system.connections.disconnect(who[0], actor=who[1], request="t")
    assert post(notice(fake)).status_code == 204
    assert waiting(admin, who) == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]x", b'{"data": 1}', b"\xff" * 10, b"[" * 5000])
def test_what_is_signed_and_no_notification_is_counted(post, body):
    """The sender would only repeat it."""
    before = count("unreadable")
    assert post(body).status_code == 204
    assert count("unreadable") == before + 1


def test_a_body_beyond_the_limit_is_refused_before_anything_looks_at_it(post):
    """No memory for strangers."""
    assert post(b" " * 300_000).status_code == 413


def test_without_keys_the_sender_tries_again(post, fake, who, signer):
    """The keys could not be fetched: not the sender's fault, so it comes back."""
    signer.reachable = False
    answer = post(notice(fake))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")


def test_an_installation_without_a_word_takes_nothing(post, fake, who, system):
    """An empty setting is not an empty password."""
    system.settings = system.settings.model_copy(
        update={"google_webhook_secret": type(system.settings.google_webhook_secret)("")}
    )
    assert post(notice(fake), authorization="").status_code == 401
    assert post({"type": "verification"}, authorization="", signature="").status_code == 401


def count(what):
    return hooks.NOTICES.labels(what)._value.get()
