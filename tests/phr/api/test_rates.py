"""Calls that come too fast are turned away early, with a word when to come again; what may be urgent has its own window."""

from __future__ import annotations

import asyncio

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from limits import parse

from phr.api import problems
from phr.api.rates import RateMiddleware, Rule, address_of, rule_of, rules
from phr.asgi import create_app
from phr.bootstrap import start
from phr.config import Settings
from tests.conftest import settings_at

SLOW = Rule("slow", frozenset({"*"}), ("*",), (parse("2/minute"),))


async def _call(app, path="/fhir/Observation", method="GET", client=("203.0.113.5", 1)):
    """Status and headers of one call."""
    seen = {}

    async def receive():
        return {"type": "http.request", "body": b""}

    async def send(message):
        if message["type"] == "http.response.start":
            seen["status"] = message["status"]
            seen["headers"] = {name.decode(): value.decode() for name, value in message["headers"]}

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "client": client,
        "server": ("127.0.0.1", 80),
        "scheme": "http",
        "http_version": "1.1",
    }
    await app(scope, receive, send)
    return seen["status"], seen["headers"]


def _app(known=(SLOW,), broker=""):
    app = FastAPI()
    problems.install(app)

    @app.get("/fhir/Observation")
    def found():
        return {"asked": True}

    app.add_middleware(RateMiddleware, broker_url=broker, known=known)
    return app


def test_the_third_call_of_two_a_minute_is_turned_away_and_told_when_to_come_again():
    """429 with Retry-After in the form of the interface (RFC 6585)."""

    async def story():
        app = _app()
        return [await _call(app) for _ in range(3)]

    answers = asyncio.run(story())
    assert [status for status, _headers in answers] == [200, 200, 429]
    headers = answers[-1][1]
    assert 1 <= int(headers["retry-after"]) <= 60
    assert headers["content-type"] == "application/fhir+json"


def test_another_address_has_a_window_of_its_own():
    """Who is quick does not shut the door for others."""

    async def story():
        app = _app()
        for _ in range(3):
            await _call(app)
        return (await _call(app, client=("203.0.113.6", 1)))[0]

    assert asyncio.run(story()) == 200


def test_without_its_redis_nobody_is_turned_away():
    """A storage that does not answer must not stop an alarm: the call goes through and is counted."""

    async def story():
        app = _app(broker="redis://127.0.0.1:1/0")
        return [(await _call(app))[0] for _ in range(4)]

    assert asyncio.run(story()) == [200, 200, 200, 200]


@given(st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "X"]), st.text(max_size=40))
def test_every_call_has_a_rule(method, path):
    """No path is forgotten, however it is written."""
    assert rule_of(method, f"/{path}") in rules()


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/fhir", "devices"),
        ("POST", "/fhir/Observation", "devices"),
        ("POST", "/session", "sign-in"),
        ("GET", "/session", "reads"),
        ("GET", "/static/app.js", "health"),
        ("POST", "/hooks/google-health", "hooks"),
        ("POST", "/sharing/guidance", "writes"),
        ("GET", "/today", "reads"),
    ],
)
def test_each_kind_of_call_has_its_own_window(method, path, name):
    """Readings of devices and probes are not used up by pages, nor by guesses at the door."""
    assert rule_of(method, path).name == name


def test_an_ipv6_line_is_one_address():
    """A line has 2^64 addresses; an attacker must not have as many windows (RFC 6177)."""
    assert address_of({"client": ("2001:db8::1", 1)}) == address_of({"client": ("2001:db8::ffff", 9)})
    assert address_of({"client": ("2001:db8:0:1::1", 1)}) != address_of({"client": ("2001:db8::1", 1)})
    assert address_of({"client": ("::ffff:203.0.113.5", 1)}) == "203.0.113.5"
    assert address_of({"client": None}) == "unknown"
    assert address_of({"client": ("testclient", 1)}) == "unknown"


def test_guesses_at_the_door_are_turned_away_before_the_database_is_asked(database_url):
    """Thirty in a minute from one address; the page says so without a session."""
    system = start(settings_at(database_url, rate_limits="on"))
    app = create_app(system)

    async def story():
        return [(await _call(app, "/session", "POST"))[0] for _ in range(32)]

    statuses = asyncio.run(story())
    system.close()
    assert statuses[-1] == 429
    assert 429 not in statuses[:30]


@pytest.mark.parametrize(
    ("address", "told"), [("https://kenko.example.jp", True), ("http://127.0.0.1:8000", False)]
)
def test_a_service_behind_tls_tells_browsers_to_stay_there(database_url, address, told):
    """HSTS on every answer (RFC 6797), but not where only this machine reaches the service."""
    system = start(Settings(database_url=database_url, base_url=address, secret_keys="x1" * 20))
    headers = asyncio.run(_call(create_app(system), "/healthz"))[1]
    system.close()
    assert ("strict-transport-security" in headers) is told
