"""The search that is called most takes a shorter way, and nobody can tell but by the time that it takes."""

from __future__ import annotations

import pytest
from prometheus_client import REGISTRY

from tests.phr.api.conftest import Client

pytestmark = pytest.mark.db
ROUTE = "/fhir/Observation"
WRONG = (
    "?code=",
    "?unknown=1",
    "?date=2026-13-01",
    "?_cursor=AAAA",
    "?_format=xml",
    "?%5Fformat=xml",
    "?_count=many",
)
LONG = ",".join(f"code-{n}" for n in range(300))
"""More than is remembered between two requests."""


def counted(status):
    """How many requests of this route ended so."""
    given = {"route": ROUTE, "status": str(status)}
    return REGISTRY.get_sample_value("phr_requests_total", given) or 0.0


def token_of(client):
    """The token that a client sends."""
    return client.headers["Authorization"].split()[1]


def both(app, token, query, monkeypatch):
    """The answers of either way: status, headers, body."""
    found = []
    for path in (ROUTE, "/nothing"):
        with monkeypatch.context() as patched:
            patched.setattr("phr.api.frequent._PATH", path)
            answer = Client(app, token).get(f"{ROUTE}{query}")
        headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
        found.append((answer.status_code, headers, answer.content))
    return found


@pytest.mark.parametrize("query", WRONG)
def test_what_is_refused_is_refused_in_the_same_words(app, nurse, query, monkeypatch):
    """An error is answered as everywhere else: its status, its headers, its OperationOutcome."""
    short, long = both(app, token_of(nurse), query, monkeypatch)
    assert short == long
    assert short[0] in (400, 406)


def test_without_a_token_nothing_is_searched(app, monkeypatch):
    """401 with the challenge, on either way."""
    short, long = both(app, "", "", monkeypatch)
    assert short == long
    assert short[0] == 401
    assert "www-authenticate" in short[1]


def test_the_answer_is_the_same_byte_for_byte_and_counted_once(app, resident, monkeypatch):
    """Samples as they are found by the router's way; a request counts under its route, as any other."""
    before = counted(200)
    short, long = both(app, token_of(resident), "?code=8867-4&_count=20", monkeypatch)
    assert short == long
    assert short[0] == 200
    assert short[2].count(b"fullUrl") == 12
    assert counted(200) == before + 2


@pytest.mark.parametrize("query", [f"?code=8867-4,{LONG}", f"?code=8867-4,{LONG}&_pretty=true"])
def test_a_search_that_is_too_long_to_be_remembered_finds_the_same(resident, query):
    """What is kept between requests has a limit, and beyond it everything is taken apart anew."""
    answer = resident.get(f"{ROUTE}{query}")
    assert len(answer.json()["entry"]) == 12
    assert (answer.content.count(b"\n") > 12) == query.endswith("true")


def test_head_has_the_headers_and_no_body(resident):
    """The shorter way is for GET alone."""
    answer = resident("HEAD", f"{ROUTE}?code=8867-4")
    assert (answer.status_code, answer.content) == (200, b"")


def test_what_breaks_is_answered_without_its_text(app, resident, monkeypatch):
    """An error that nobody foresaw: 500, one sentence, nothing of what it was about."""

    def broken(*_given):
        raise KeyError("a name")

    monkeypatch.setattr("phr.api.frequent.search", broken)
    answer = resident.get(f"{ROUTE}?code=8867-4")
    assert answer.status_code == 500
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert b"a name" not in answer.content
