"""The service over HTTP in this process, with bearer tokens of several callers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from phr.asgi import create_app
from phr.bootstrap import System


class Client:
    """Calls the app with one bearer token."""

    def __init__(self, app: FastAPI, token: str = "") -> None:
        self.app = app
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def __call__(self, method: str, address: str, **more: Any) -> httpx.Response:
        headers = {**self.headers, **more.pop("headers", {})}
        return asyncio.run(self._send(method, address, headers, more))

    async def _send(self, method: str, address: str, headers: dict, more: dict) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            return await client.request(method, address, headers=headers, **more)

    def get(self, address: str, **more: Any) -> httpx.Response:
        return self("GET", address, **more)

    def post(self, address: str, **more: Any) -> httpx.Response:
        return self("POST", address, **more)

    def put(self, address: str, **more: Any) -> httpx.Response:
        return self("PUT", address, **more)


Enter = Callable[..., Client]


@pytest.fixture
def app(system: System) -> FastAPI:
    return create_app(system)


@pytest.fixture
def stranger(app: FastAPI) -> Client:
    """Somebody without a token."""
    return Client(app)


@pytest.fixture
def enter(app: FastAPI, system: System) -> Enter:
    """A client with a token of a role, for a purpose."""

    def made(
        subject: str, role: str, purpose: str, person: UUID | None = None, recipient: str = ""
    ) -> Client:
        own = f"Patient/{subject}" if role == "resident" else system.settings.recipient
        system.accounts.put(subject, role, recipient=recipient or own, person=person, request="test")
        return Client(app, system.accounts.issue(subject, "token", purpose=purpose, request="test"))

    return made
