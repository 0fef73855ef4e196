"""Headers of every answer, and doors that only developers need: shut (ASVS 3.4, 4.1, 13.4)."""

from __future__ import annotations

import pytest

from phr.asgi import create_app
from phr.bootstrap import start
from phr.web.headers import CONTENT_SECURITY_POLICY
from tests.conftest import settings_at
from tests.phr.api.conftest import Client  # the client that speaks to an app without a network

OPEN = (
    "/",
    "/sign-in",
    "/healthz",
    "/metrics",
    "/openapi.json",
    "/fhir/metadata",
    "/static/site.css",
    "/offline",
)
CLOSED = (
    "/docs",
    "/redoc",
    "/.git/config",
    "/.env",
    "/static/",
    "/static/..%2fconfig.py",
    "/server-status",
    "/debug",
)


@pytest.fixture(scope="module")
def call(database_url):
    system = start(settings_at(database_url))
    yield Client(create_app(system))
    system.close()


@pytest.mark.parametrize("path", [*OPEN, "/today", "/staff", "/nowhere", "/fhir/Observation"])
def test_every_answer_closes_the_doors_that_nobody_needs(call, path):
    """No sniffing, no referrer, and nothing kept unless it is an asset."""
    answer = call("GET", path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "cache-control" in answer.headers
    assert "server" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers
    if answer.headers.get("content-type", "").startswith("text/html"):
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"


@pytest.mark.parametrize("path", [*OPEN, "/nowhere", "/fhir/nowhere"])
def test_every_answer_says_what_it_is(call, path):
    """A Content-Type for every body, with the character set where it is text."""
    answer = call("GET", path)
    if not answer.content:
        return
    kind = answer.headers["content-type"]
    assert "charset=utf-8" in kind.lower() if kind.startswith("text/") else kind


@pytest.mark.parametrize("path", CLOSED)
def test_nothing_that_only_developers_need_is_served(call, path):
    """No listing of a folder, no repository, no page of documentation, no way up."""
    assert call("GET", path).status_code in {303, 404}


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PROPFIND", "FOO"])
def test_methods_that_nobody_needs_are_refused(call, method):
    """A method that no route has is 405 or 404, and echoes nothing."""
    answer = call(method, "/sign-in")
    assert answer.status_code in {404, 405}
    assert "cookie" not in answer.text.lower()
