"""The database: the embedded server or the one that settings name, and connections to it as phr_app."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry

from phr.domain.keys import derive
from phr.errors import Busy, Unsafe
from phr.store import wire
from phr.store.embedded import DATABASE, Embedded, NotStartedError
from phr.store.line import Line
from phr.store.silence import LONGEST_SILENCE, Silence

APP_ROLE: Final = "phr_app"
OWNER_ROLE: Final = "phr_owner"
BROKER: Final = "phr_broker"
_OPTIONS: Final = (
    "-c jit=off -c statement_timeout=60000 -c idle_in_transaction_session_timeout=60000 -c timezone=UTC"
)
_REACH: Final = {
    "connect_timeout": "5",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
"""How soon a server that cannot be reached any more is given up; the address may say otherwise."""
_PAUSE: Final = 0.5  # seconds between two looks whether the database answers
FORGOTTEN: Final = "forgotten"
"""Where a connection's ``info`` says that nothing of its last transaction is left on it."""
Connect = Callable[[], psycopg.Connection[TupleRow]]


@dataclass(frozen=True, slots=True)
class Database:
    """How to reach one database: as the role that migrates, and as the service."""

    admin: Connect
    app: Connect
    app_password: str


def app_password(secret: bytes) -> str:
    """The service role's password: derived, so that it is written down nowhere."""
    return hmac.new(derive(secret, "app-role"), b"phr_app", sha256).hexdigest()


def external(url: str, admin_url: str, secret: bytes, *, patience: int = 5) -> Database:
    """A PostgreSQL server that settings name. The app's own role is used whatever role the URL names.

    patience: seconds for a connection, where the address does not say.
    """
    password = app_password(secret)
    wait = {"connect_timeout": str(patience)}
    admin = {**wait, **conninfo_to_dict(_plain(admin_url or url))}
    app: dict[str, Any] = {**wait, **conninfo_to_dict(_plain(url)), "user": APP_ROLE, "password": password}
    return Database(_connector(admin), _connector(app, options=_OPTIONS), password)


def beside(database: Database, name: str) -> Database:
    """Another database on the same server."""
    with database.admin() as connection:
        info = connection.info
        common: dict[str, Any] = {**info.get_parameters(), "dbname": name}
        mine = {"password": info.password} if info.password else {}
    app: dict[str, Any] = {**common, "user": APP_ROLE, "password": database.app_password}
    return Database(_connector({**common, **mine}), _connector(app, options=_OPTIONS), database.app_password)


def _plain(url: str) -> str:
    """The driver's own spelling of an SQLAlchemy URL."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def _connector(parameters: dict[str, Any], options: str = "") -> Connect:
    """Connects with these parameters. Of several hosts, the one that takes writes: a standby is none until it is promoted."""
    several = {"target_session_attrs": "read-write"} if "," in str(parameters.get("host", "")) else {}
    info = make_conninfo(**{**_REACH, **several, **parameters, **({"options": options} if options else {})})

    def connect() -> psycopg.Connection[TupleRow]:
        return Line.connect(info)

    return connect


def embedded(home: Path, secret: bytes) -> Database:
    """The server that comes as a wheel: started when needed, also again after it was killed."""
    server = Embedded(home / "pg")
    password = app_password(secret)
    return Database(
        server.connector("postgres", DATABASE),
        server.connector(APP_ROLE, DATABASE, password=password, options=_OPTIONS),
        password,
    )


def await_answer(database: Database, seconds: float, waiting: Callable[[], object]) -> None:
    """Waits for the database that is just starting, too; ``waiting`` is called once when it has to. Raises Busy."""
    until = time.monotonic() + seconds
    told = False
    while True:
        try:
            database.admin().close()
        except psycopg.OperationalError as error:
            if time.monotonic() >= until:
                text = str(error) if isinstance(error, NotStartedError) else "the database does not answer"
                raise Busy(text) from error
            if not told:
                waiting()
            told = True
            time.sleep(_PAUSE)
        else:
            return


def open_engine(connect: Connect, pool_size: int, silence: float = LONGEST_SILENCE) -> Engine:
    """A pool of the service's connections, READ COMMITTED so that a withdrawal counts for the next statement.

    silence: seconds after which a server that says nothing in the middle of a statement is given up.
    """
    engine = create_engine(
        "postgresql+psycopg://",
        creator=connect,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=20,
        isolation_level="READ COMMITTED",
        hide_parameters=True,
    )
    event.listen(engine, "checkin", _forget)
    Silence(silence).watch(engine)
    return engine


def _forget(connection: psycopg.Connection[TupleRow] | None, record: ConnectionPoolEntry) -> None:
    """Leaves nothing of one transaction to the next on this connection; what cannot be cleaned is not used again.

    A unit of work that was committed said so in ``info``: it forgot in the same round trip.
    """
    if record.info.pop(FORGOTTEN, False) or connection is None or connection.closed:
        return
    try:
        clean = wire.forget(connection)
    except psycopg.Error:
        clean = False
    if not clean:
        record.invalidate()


def refuse_powerful_role(connection: psycopg.Connection[TupleRow]) -> None:
    """Refuses to serve as a role that row-level security does not bind."""
    row = connection.execute(
        "SELECT r.rolsuper OR r.rolbypassrls OR pg_has_role(r.rolname, %s, 'MEMBER') FROM pg_roles r"
        " WHERE r.rolname = current_user",
        (OWNER_ROLE,),
    ).fetchone()
    connection.rollback()
    if row is None or row[0]:
        raise Unsafe("the service's database role may bypass row-level security; connect as phr_app")


def make_broker_database(connection: psycopg.Connection[TupleRow]) -> None:
    """A database of its own for the worker's queue, which holds task names and nothing of any person."""
    known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (BROKER,)).fetchone()
    connection.rollback()
    if known is None:
        connection.autocommit = True
        with suppress(
            psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation
        ):  # another worker was quicker
            connection.execute(
                f"CREATE DATABASE {BROKER} OWNER {APP_ROLE} ENCODING 'UTF8' TEMPLATE template0"
            )
        connection.autocommit = False


def broker_url(database: Database) -> str:
    """Kombu's address of that database."""
    connection = database.app()
    parts = connection.info.get_parameters()
    connection.close()
    hosts, ports = parts.get("host", "").split(","), parts.get("port", "5432").split(",")
    if len(hosts) == 1:
        query = urlencode({"host": hosts[0], "port": ports[0]})
    else:
        each = ports * len(hosts) if len(ports) == 1 else ports
        several = [("host", f"{host}:{port}") for host, port in zip(hosts, each, strict=True)]
        query = urlencode([*several, ("target_session_attrs", "read-write")])
    return f"sqla+postgresql+psycopg://{APP_ROLE}:{database.app_password}@/{BROKER}?{query}"
