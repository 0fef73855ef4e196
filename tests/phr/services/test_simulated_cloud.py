"""The whole way against an invented Google Health over HTTP: consent screen, pages, notification, withdrawal."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from phr.asgi import create_app
from phr.bootstrap import start
from phr.clients import google
from synthetic_data.google_health import subscribers
from synthetic_data.google_health.cloud import CLIENT_ID, CLIENT_SECRET, Cloud
from synthetic_data.google_health.server import serve
from tests.conftest import settings_at
from tests.phr.services.google_cloud import deliver
from tests.phr.services.scenes import FIRST, LAST, a_person, collecting, rows_of
from tests.served import served

WORD = "Bearer a-word-that-only-the-cloud-was-told"
HEART = {"purposes": ("collect",), "categories": ("heart",)}


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    """On a busy machine an answer takes longer than either side would wait for it elsewhere."""
    monkeypatch.setattr(subscribers, "TIMEOUT", 60.0)
    monkeypatch.setattr(google, "_QUICK", httpx.Timeout(60.0))


@pytest.fixture
def cloud(clock):
    return Cloud(
        residents=3,
        days=2,
        end=clock.now() - timedelta(minutes=1),
        heart_seconds=1800,
        consent="approve",
        clock=lambda: clock.now().timestamp(),
    )


@pytest.fixture
def city(database_url, clock, cloud):
    """The service, registered with the invented cloud."""
    with serve(cloud) as base:
        urls = cloud.urls(base)
        made = start(
            settings_at(
                database_url,
                google_client_id=CLIENT_ID,
                google_client_secret=SecretStr(CLIENT_SECRET),
                google_auth_url=urls["authorize"],
                google_token_url=urls["token"],
                google_revoke_url=urls["revoke"],
                google_api_url=urls["api"],
                google_keys_url=urls["keys"],
                google_history_days=4,
                google_webhook_secret=SecretStr(WORD),
            ),
            clock,
        )
        yield made
        made._desk.cloud.close()
        made.close()


@pytest.fixture
def hook(city):
    """The service's own address, listening."""
    with served(create_app(city)) as address:
        yield f"{address}/hooks/google-health"


def connect(city, who):
    """Through the consent screen; gives how the person came back."""
    about = {"actor": who[1], "request": "t"}
    answer = httpx.get(city.connections.begin(who[0], "s", **about), timeout=60)
    assert answer.status_code == 302, answer.text
    back = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    assert answer.headers["location"].startswith(f"{city.settings.base_url}/connect/google-health/callback?")
    return city.connections.finish(who[0], "s", back["state"], back["code"], **about)


def read_all(city, who):
    ends = []
    while not ends or (ends[-1] == "more" and len(ends) < 50):
        ends.append(city.syncing.sync_one(who[0], request="t").ended)
    return ends[-1]


def hearts(city, who):
    """Instant and value of every stored heart rate."""
    with city.store.begin(collecting(who[0])) as uow:
        chunks = uow.vitals.chunks(who[0], ["8867-4"], FIRST, LAST)
    return sorted(
        (at // 1_000_000, value)
        for chunk in chunks
        for at, value in zip(
            chunk.columns.start.tolist(), chunk.columns.channels["value"].tolist(), strict=True
        )
    )


def truth(cloud, clock):
    now = int(clock.now().timestamp())
    return cloud.truth(1, "heart-rate", now - 4 * 86_400, now)


def test_a_person_connects_is_read_is_notified_and_stops(city, cloud, clock, hook, admin):
    """What the cloud holds is what is stored; a late point comes by notification; a withdrawal ends the grant there."""
    who = a_person(city, **HEART)
    assert connect(city, who) == "connected"
    held = truth(cloud, clock).start
    middle = int(held[len(held) // 2])  # on some days nobody wore the watch at a given hour
    hidden = (middle - 7200, middle + 7200)
    cloud.late(1, "heart-rate", *hidden, int(clock.now().timestamp()) + 10**6)
    assert read_all(city, who) == "done"
    before = len(hearts(city, who))
    assert before == len(truth(cloud, clock))
    cloud.release(1, "heart-rate")
    assert len(truth(cloud, clock)) > before
    cloud.subscribe(hook, WORD, ["heart-rate"])
    (delivery,) = cloud.notify(1, "heart-rate", *hidden)
    assert delivery.statuses == [204]
    assert len(rows_of(admin, "cloud_notice", who[0])) == 1
    assert read_all(city, who) == "done"
    assert len(hearts(city, who)) == len(truth(cloud, clock))
    assert rows_of(admin, "cloud_notice", who[0]) == []
    for held in city.consents.all(who[0], actor=who[1], role="resident", request="t"):
        city.consents.withdraw(who[0], held.consent.id, actor=who[1], role="resident", request="t")
    deliver(city)
    assert 1 not in cloud.grants.current or not cloud.grants.current[1].alive


def test_a_notice_with_a_bad_signature_is_refused_over_http(city, cloud, clock, hook, admin):
    """The cloud's own sender tries everything that a stranger would."""
    who = a_person(city, **HEART)
    connect(city, who)
    cloud.subscribe(hook, WORD, ["heart-rate"])
    now = int(clock.now().timestamp())
    for signature in ("none", "wrong-key", "unknown-key", "tampered", "garbage"):
        (delivery,) = cloud.notify(1, "heart-rate", now - 7200, now - 3600, signature=signature)
        assert delivery.statuses == [401], signature
    assert rows_of(admin, "cloud_notice", who[0]) == []


def test_a_grant_that_the_person_ended_there_asks_to_connect_again(city, cloud):
    """And connecting again goes on where it stopped."""
    who = a_person(city, **HEART)
    connect(city, who)
    assert read_all(city, who) == "done"
    cloud.end_grant(1)
    assert read_all(city, who) == "needs-reconnect"
    assert connect(city, who) == "connected"


@pytest.mark.parametrize("fault", ["unauthorized", "truncated", "small-pages"])
def test_a_cloud_with_faults_is_read_in_the_end(city, cloud, clock, fault):
    """Whatever a turn ends with, a later one has everything and nothing twice."""
    who = a_person(city, **HEART)
    connect(city, who)
    cloud.inject(fault, times=1)
    read_all(city, who)
    cloud.heal()
    assert read_all(city, who) == "done"
    assert len(hearts(city, who)) == len(truth(cloud, clock))
