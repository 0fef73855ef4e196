"""The server under test: the embedded ledger over HTTP, or the Formance server that PHR_TEST_LEDGER_URL names."""

from __future__ import annotations

import os
from uuid import uuid4

import httpx
import pytest

from phr.api.ledger_paths import HOME, LedgerPaths
from tests.phr.clients.ledger_city import TOKEN, app, database
from tests.served import served

URL = os.environ.get("PHR_TEST_LEDGER_URL", "")
"""Base address of a real server, up to and with /v2; PHR_TEST_LEDGER_TOKEN is its bearer token, if it wants one."""
SERVERS = ["embedded", *(["formance"] if URL else [])]


@pytest.fixture(scope="module", params=SERVERS)
def server(request):
    """A client at the base address of the API."""
    if request.param == "formance":
        token = os.environ.get("PHR_TEST_LEDGER_TOKEN", "")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with httpx.Client(base_url=URL.rstrip("/"), headers=headers, timeout=30) as client:
            yield client
        return
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with (
        database() as reach,
        served(LedgerPaths(app(reach[0]))) as address,
        httpx.Client(base_url=f"{address}{HOME}", headers=headers, timeout=60, trust_env=False) as client,
    ):
        yield client


@pytest.fixture
def book(server):
    """A new, empty ledger."""
    name = f"contract-{uuid4().hex[:12]}"
    assert server.post(f"/{name}", json={}).status_code == 204
    return f"/{name}"
