"""What the tests serve ends with its block, whatever its clients do."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import warnings
from contextlib import suppress
from urllib.parse import urlsplit

import httpx
import pytest

from tests.served import a_port, served


async def hello(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"hi"})


async def endless(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"a", "more_body": True})
    await asyncio.Event().wait()


def line_to(address):
    made = socket.create_connection((urlsplit(address).hostname, urlsplit(address).port))
    made.settimeout(60)
    return made


def test_the_address_is_known_before_and_answers():
    """A city whose settings hold its own address is built first."""
    port = a_port()
    with served(hello, port) as address:
        assert address == port[1]
        assert httpx.get(address, trust_env=False).text == "hi"


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"], ids=["silent", "unanswered"])
def test_a_line_that_a_client_holds_open_is_closed_at_the_end(said):
    """A browser keeps lines that it may need; left open they made a later test red."""
    before = set(threading.enumerate())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()  # what other tests left behind is not what is looked for here
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        with served(endless, timeout_graceful_shutdown=1, log_level="critical") as address:
            line = line_to(address)
            line.sendall(said)
            if said:
                assert line.recv(1000)
        with suppress(ConnectionResetError):  # it may not even have been taken by then
            while line.recv(1000):
                pass  # what was sent before the end
        line.close()
        gc.collect()
    assert [str(one.message) for one in heard if one.category is ResourceWarning] == []
    assert set(threading.enumerate()) <= before
