"""Metrics: what a scrape shows is true, costs little, tells of nobody, and is for this machine or for who has the token."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from types import SimpleNamespace

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from phr import metrics
from phr.api import health
from phr.bootstrap import start
from phr.domain.signs import FAILED, JOB
from phr.errors import Busy
from tests.build import agree, blood_pressure
from tests.conftest import settings_at

pytestmark = pytest.mark.db
TOKEN = "a-token-for-scrapes-0123456789"


@pytest.fixture(autouse=True)
def patient_reading(monkeypatch):
    """On a busy machine a figure takes its time; how little is waited for one is not told here."""
    monkeypatch.setattr("phr.services.gauges._HURRY", 60_000)


def scraped(system, *, client="127.0.0.1", **headers):
    app = FastAPI()
    app.state.system = system
    app.include_router(health.router)

    async def call():
        transport = httpx.ASGITransport(app, client=(client, 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as caller:
            return await caller.get("/metrics", headers=headers)

    return asyncio.run(call())


def figures(text):
    """Every sample by its name and labels."""
    return {
        (one.name, *sorted(one.labels.values())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_a_scrape_reads_every_part_and_names_only_documented_metrics(system):
    """What Prometheus stores is what the reference explains."""
    found = figures(scraped(system).text)
    parts = {key[1]: value for key, value in found.items() if key[0] == "phr_figures_read"}
    assert set(parts) >= {
        "service",
        "trail",
        "connections",
        "sign-in",
        "alarms",
        "set-apart",
        "ledger",
        "pool",
    }
    assert set(parts.values()) == {1.0}
    known = {name for name, *_ in metrics.rows()}
    ours = {re.sub(r"_(bucket|sum|count|created)$", "", key[0]) for key in found if key[0].startswith("phr_")}
    assert {name for name in ours if name not in known and f"{name}_total" not in known} == set()
    assert found["phr_database_bytes",] > 0
    assert abs(found["phr_clock_skew_seconds",]) < 60


def test_samples_are_counted_by_what_became_of_them(system, person, patient):
    """A refusal is counted as one, and what is stored as stored; never the person."""
    before = figures(scraped(system).text)
    system.receive(person, [blood_pressure(system.clock.now(), 121, 79)], request="t")
    agree(system, person, patient)
    system.receive(person, [blood_pressure(system.clock.now(), 121, 79)], request="t")
    text = scraped(system).text
    after = figures(text)
    grown = {
        key[1]: value - before.get(key, 0) for key, value in after.items() if key[0] == "phr_samples_total"
    }
    assert grown["refused"] == 1
    assert grown["stored"] == 1
    assert patient not in text
    assert str(person) not in text


def test_figures_are_kept_for_a_few_seconds(system, monkeypatch):
    """A scraper that is set too fast costs the database one look."""
    asked = []
    monkeypatch.setattr("phr.services.gauges.monotonic", lambda: 100.0)
    system.gauges._parts = {"only": lambda request: asked.append(request) or []}
    assert system.gauges(request="a") == system.gauges(request="b")
    assert asked == ["a"]


def test_a_part_that_fails_says_so_and_leaves_the_others(system):
    """An old figure is worse than none."""

    def fails(_request):
        raise Busy("slow")

    system.gauges._parts = {"slow": fails, "well": lambda _request: [("phr_set_apart", (), 3)]}
    assert system.gauges(request="t") == [
        ("phr_figures_read", ("slow",), 0),
        ("phr_figures_read", ("well",), 1),
        ("phr_set_apart", (), 3),
    ]


def test_a_slow_statement_gives_up(system):
    """A lock that somebody holds, or a table that has grown, never holds up the scrape."""
    with system.store.begin(system.gauges._operator("operate", "t")) as uow:
        uow.gauges.hurry(50)
        with pytest.raises(psycopg.errors.QueryCanceled):
            uow.gauges._rows("SELECT pg_sleep(5)")


def test_jobs_tell_when_they_ended_and_whether_they_fail(system, clock):
    """A failure that came after the last success counts; one before it does not."""
    for name in (JOB + "one", FAILED + "two"):
        system.operate.beat(name, request="t")
    clock.tick(timedelta(seconds=30))
    for name in (FAILED + "one", JOB + "two", "worker", "audit-held"):
        system.operate.beat(name, request="t")
    clock.tick(timedelta(seconds=10))
    found = {(name, *labels): value for name, labels, value in system.gauges(request="t")}
    assert found["phr_job_failing", "one"] == 1
    assert found["phr_job_failing", "two"] == 0
    assert found["phr_job_ended_seconds", "one"] == 40
    assert found["phr_job_ended_seconds", "two"] == 10
    assert found["phr_worker_seen_seconds",] == 10
    assert found["phr_audit_holds",] == 1


@pytest.mark.parametrize(
    ("client", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("192.0.2.7", {}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, 404),
        ("127.0.0.1", {"Forwarded": "for=192.0.2.7"}, 404),
        ("192.0.2.7", {"Authorization": f"Bearer {TOKEN}"}, 200),
        ("192.0.2.7", {"Authorization": f"Bearer {TOKEN}x"}, 404),
        ("192.0.2.7", {"Authorization": "Bearer "}, 404),
    ],
)
def test_metrics_are_for_this_machine_or_for_who_has_the_token(client, headers, status):
    """Figures of a small city tell something: they are not public."""
    stand_in = SimpleNamespace(
        settings=settings_at("postgresql://", metrics_token=TOKEN), gauges=lambda **_: []
    )
    assert scraped(stand_in, client=client, **headers).status_code == status


def test_without_a_token_no_other_machine_gets_in_with_an_empty_one():
    """An empty setting is no password."""
    stand_in = SimpleNamespace(settings=settings_at("postgresql://"), gauges=lambda **_: [])
    assert scraped(stand_in, client="192.0.2.7", Authorization="Bearer ").status_code == 404


def test_counts_are_shown_while_the_database_is_away():
    """That the service fails is what the metrics are for."""

    def away(**_):
        raise Busy("the database does not answer")

    text = scraped(SimpleNamespace(settings=settings_at("postgresql://"), gauges=away)).text
    assert "phr_samples_total" in text


def test_a_withdrawal_and_an_alarm_are_timed(system, person, patient):
    """How long a withdrawal takes to count, and an alarm to reach the work list, are the figures that matter most."""
    before = figures(scraped(system).text)
    consent = agree(system, person, patient)
    system.receive(person, [blood_pressure(system.clock.now(), 192, 121)], request="t")
    system.consents.withdraw(person, consent, actor="t", role="system", request="t")
    after = figures(scraped(system).text)
    for name in ("phr_alarm_seconds_count", "phr_withdrawal_seconds_count"):
        assert after[name,] - before[name,] == 1, name


def test_the_pool_is_told_of(database_url):
    """Connections in use and idle, of the process that answers."""
    made = start(settings_at(database_url))
    readings = {(name, *labels): value for name, labels, value in made.gauges(request="t")}
    assert readings["phr_pool", "in use"] + readings["phr_pool", "idle"] >= 1
    made.close()
