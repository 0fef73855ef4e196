"""Every answer closes doors that no page needs, and every request is counted, also one that ends without an answer."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import REGISTRY

from phr.api.watch import Watch


async def _through(app, kind="http"):
    """The headers of the answer to one request that passes the watch."""
    seen = {}

    async def send(message):
        if message["type"] == "http.response.start":
            seen.update({name.decode(): value.decode() for name, value in message["headers"]})

    async def receive():
        return {"type": "http.request"}

    await app({"type": kind, "route": type("R", (), {"path": "/test-watch"})()}, receive, send)
    return seen


def _answering(*headers):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 201, "headers": list(headers)})
        await send({"type": "http.response.body", "body": b""})

    return app


def _count(status):
    given = {"route": "/test-watch", "status": status}
    return REGISTRY.get_sample_value("phr_requests_total", given) or 0.0


def test_an_answer_without_headers_gets_those_that_close():
    """No sniffing, no referrer, nothing kept; transport security only where there is TLS."""
    plain = asyncio.run(_through(Watch(_answering(), secure=False)))
    assert plain == {
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
    }
    secure = asyncio.run(_through(Watch(_answering(), secure=True)))
    assert secure["strict-transport-security"].startswith("max-age=")


def test_what_a_page_says_itself_stands():
    """A picture that may be kept is kept."""
    seen = asyncio.run(_through(Watch(_answering((b"Cache-Control", b"max-age=60")), secure=False)))
    assert seen["Cache-Control"] == "max-age=60"
    assert "cache-control" not in seen


def test_a_request_is_counted_by_its_pattern_and_status():
    """A path may hold an id; a pattern holds none."""
    before = _count("201")
    asyncio.run(_through(Watch(_answering(), secure=False)))
    assert _count("201") == before + 1


def test_what_fails_without_an_answer_counts_as_an_error():
    """And the error passes on to whoever answers it."""

    async def broken(scope, receive, send):
        raise RuntimeError("no answer")

    before = _count("500")
    with pytest.raises(RuntimeError):
        asyncio.run(_through(Watch(broken, secure=False)))
    assert _count("500") == before + 1


def test_what_is_no_request_passes():
    """Start and end of the process are nobody's request."""
    called = []

    async def app(scope, receive, send):
        called.append(scope["type"])

    asyncio.run(_through(Watch(app, secure=False), kind="lifespan"))
    assert called == ["lifespan"]
