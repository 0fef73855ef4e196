"""A small town that runs: its residents, the addresses of its parts, and what tests may ask of it past every kill."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import psycopg
import pytest

from phr.bootstrap import System, start, stop_embedded
from phr.clients.ledger import LedgerTrouble
from phr.clock import Clock
from phr.config import Settings
from phr.errors import Busy
from tests.build import agree
from tests.conftest import SECRET
from tests.faults.log import tell
from tests.faults.parts import Part, free_port, serving, wait_for
from tests.faults.rabbit import RabbitMQ
from tests.faults.servers import Cluster, Embedded, Redis
from tests.faults.zygote import PACE

PEOPLE = ("p-posts", "p-batches", "p-consents", "p-letters")
Done = TypeVar("Done")


def brokers() -> list[type[Redis | RabbitMQ]]:
    """Those that this machine has; in CI a missing one is a failure."""
    there = [one for one in (Redis, RabbitMQ) if one.installed()]
    if os.environ.get("CI") == "true":
        assert there == [Redis, RabbitMQ], "CI must have redis-server and rabbitmq-server"
    if not there:
        pytest.skip("needs redis-server or rabbitmq-server")
    return there


class Town:
    """One installation in a folder of its own: API, worker, database and broker."""

    def __init__(
        self,
        home: Path,
        database: Cluster | Embedded,
        brokers: Sequence[Redis | RabbitMQ] = (),
        url: str = "",
    ) -> None:
        self.home = home
        self.database = database
        self.brokers = brokers
        self.broker = brokers[0] if brokers else None
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.settings = Settings(
            home=home,
            secret_keys=SECRET,
            pool_size=4,
            base_url=self.base,
            database_url=url or database.url,
            broker_url=self.broker.url if self.broker else "",
            log_level="WARNING",
        )
        self.system: System = start(self.settings)
        self.system.migrate()
        if isinstance(database, Embedded):
            with self.system.database.admin() as connection:
                database.prepare(connection)
        self.people: dict[str, UUID] = {name: self._resident(name) for name in PEOPLE}
        self.tokens: dict[str, str] = {}
        self.api: Part | None = None
        self.worker: Part | None = None

    def _resident(self, name: str) -> UUID:
        resource = {"resourceType": "Patient", "id": name, "gender": "female", "birthDate": "1960-05-05"}
        person: UUID = self.system.register.put(resource, actor="test", role="system", request="test")[0]
        if name != "p-consents":  # who gives and withdraws in the course of a test
            agree(self.system, person, name)
        self.system.accounts.put(name, "resident", recipient=f"Patient/{name}", person=person, request="test")
        return person

    @property
    def environment(self) -> dict[str, str]:
        """What every part finds set."""
        s = self.settings
        return {
            "PHR_HOME": str(s.home),
            "PHR_SECRET_KEYS": SECRET,
            "PHR_BASE_URL": s.base_url,
            "PHR_DATABASE_URL": s.database_url,
            "PHR_BROKER_URL": self.broker.url if self.broker else "",
            "PHR_POOL_SIZE": "4",
            "PHR_LOG_LEVEL": "WARNING",
            PACE: "1",
        }

    def serve(self) -> None:
        """Starts the API, waits for it, and makes the ledger."""
        self.api = Part("serve", ["serve", "--port", str(self.port)], self.environment, self.home)
        wait_for(self.serving, 180, "the API does not start")
        self.persist(self.system.one_ledger.create_ledger)

    def work(self) -> None:
        """Starts the worker."""
        self.worker = Part("worker", ["worker"], self.environment, self.home)

    def move_to(self, broker: Redis | RabbitMQ) -> None:
        """The worker is started anew with another broker; what waited in the one before is not looked at again."""
        wait_for(broker.answers, 180, "the broker does not start")
        self.broker = broker
        assert self.worker is not None
        self.worker.begin_anew(self.environment)

    def serving(self) -> bool:
        """Whether the API answers."""
        return serving(self.base)

    def token(self, name: str, *, fresh: bool = False) -> str:
        """The bearer token of a resident."""
        if fresh or name not in self.tokens:
            self.tokens[name] = self.persist(
                lambda: self.system.accounts.issue(name, "token", purpose="self", request="test")
            )
        return self.tokens[name]

    def persist(self, work: Callable[[], Done], seconds: float = 180.0) -> Done:
        """Tries again for as long as the database or the ledger does not answer, as every caller must."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return work()
            except (Busy, psycopg.OperationalError, LedgerTrouble):
                assert time.monotonic() < deadline, "the service does not come back"
                time.sleep(0.05)

    def administer(self, statement: str, *values: Any) -> list[tuple]:
        """Rows as the administrator of the database sees them."""

        def ask() -> list[tuple]:
            with self.system.database.admin() as connection:
                done = connection.execute(statement, values)
                return done.fetchall() if done.description else []

        return self.persist(ask)

    def tell(self) -> None:
        """Prints the last words of its processes, which pytest shows when a test fails."""
        for part in (self.worker, self.api):
            if part is not None:
                tell(f"--- {part.name}, {part.starts} starts\n{part.said()[-6000:]}")

    def close(self) -> None:
        """Stops everything."""
        for part in (self.worker, self.api):
            if part is not None:
                part.stop()
        self.system.close()
        if isinstance(self.database, Cluster):
            self.database.stop()
        else:
            stop_embedded(self.home)
        for broker in self.brokers:
            broker.stop()


@contextmanager
def folder(prefix: str = "phr-faults-") -> Iterator[Path]:
    """A folder that the user of an embedded server may enter; gone afterwards."""
    made = Path(tempfile.mkdtemp(prefix=prefix))
    made.chmod(0o755)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def a_town(*, own_server: bool, brokers: Sequence[type[Redis | RabbitMQ]] = ()) -> Iterator[Town]:
    """A town on a server of its own or on the embedded one, with brokers or with the queue in the database."""
    with folder() as home:
        database: Cluster | Embedded = Embedded(home)
        if own_server:
            database = Cluster(home / "cluster")
            database.make()
            database.start()
        town = Town(home, database, [made(home) for made in brokers])
        try:
            yield town
        finally:
            town.close()


def clock_of(town: Town, clock: Clock) -> System:
    """Another process's view of the same town, by another clock."""
    return start(town.settings, clock)
