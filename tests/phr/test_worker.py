"""The worker: letters go out once, whatever happens to its broker or to itself."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from kombu import Connection

from phr import worker
from phr.asgi import create_app
from phr.bootstrap import System, start, stop_embedded
from phr.config import Settings
from phr.worker import make_app
from tests.conftest import ROOT, SECRET
from tests.faults.parts import free_port
from tests.faults.rabbit import RabbitMQ
from tests.faults.town import folder
from tests.faults.zygote import CONTEXT, PACE, run
from tests.served import a_port, served

pytestmark = [
    pytest.mark.db,
    pytest.mark.broker,
    pytest.mark.filterwarnings(
        "ignore:The ``noload`` loader strategy is deprecated"
    ),  # in kombu's own models
]


def need(there: bool, what: str) -> None:
    """Skips on a user's machine; in CI a missing service is a failure."""
    if there:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have {what}")
    pytest.skip(f"needs {what}")


class Hold:
    """ASGI around the app that can keep back the answer to a ledger transaction after it was made."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.armed = threading.Event()
        self.reached = threading.Event()
        self.go_on = threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def held(message: Any) -> None:
            if message["type"] == "http.response.start" and self.armed.is_set():
                self.reached.set()
                while not self.go_on.is_set():
                    await _pause()
            await send(message)

        posts = (
            scope["type"] == "http" and scope["method"] == "POST" and scope["path"].endswith("/transactions")
        )
        await self.app(scope, receive, held if posts else send)


async def _pause() -> None:
    import asyncio

    await asyncio.sleep(0.02)


class City:
    """An embedded database and the embedded ledger, served over HTTP from this process."""

    def __init__(self, home: Path) -> None:
        self.home = home
        port = a_port()
        self.system: System = start(Settings(home=home, secret_keys=SECRET, pool_size=3, base_url=port[1]))
        self.system.migrate()
        self.hold = Hold(create_app(self.system))
        self.serving = ExitStack()
        self.serving.enter_context(
            served(self.hold, port, log_level="critical", access_log=False, lifespan="auto")
        )
        self.ledger = self.system.ledger()
        self.ledger.create_ledger()

    def close(self) -> None:
        self.hold.go_on.set()
        self.serving.close()
        self.ledger.close()
        self.system.close()
        stop_embedded(self.home)

    def administer(self, statement: str, *values: Any) -> list[tuple]:
        with self.system.database.admin() as connection:
            done = connection.execute(statement, values)
            return done.fetchall() if done.description else []

    def letter(self) -> str:
        """A letter to the ledger that is due; gives its key."""
        key = f"letter-{uuid4()}"
        posting = {"source": "world", "destination": "residents:someone", "amount": 100, "asset": "HPT"}
        payload = {"postings": [posting], "reference": key, "metadata": {}}
        self.administer(
            "INSERT INTO phr.outbox (person_id, outbox_id, kind, idempotency_key, payload, next_at, created_at)"
            " VALUES (%s, %s, 'ledger', %s, %s, now(), now())",
            *(UUID(int=7), uuid4(), key, json.dumps(payload)),
        )
        return key

    def state(self, key: str) -> str:
        return self.administer("SELECT state FROM phr.outbox WHERE idempotency_key = %s", key)[0][0]

    def posted(self, key: str) -> int:
        """How often the ledger holds it."""
        return len(self.administer("SELECT id FROM ledger.transaction WHERE reference = %s", key))

    def delivered(self, key: str) -> None:
        wait_for(lambda: self.state(key) == "delivered")
        assert self.posted(key) == 1


def wait_for(done: Callable[[], bool], seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def city() -> Iterator[City]:
    home = Path(tempfile.mkdtemp(prefix="phr-worker-"))
    home.chmod(0o755)  # the embedded server of root runs as somebody else
    made = City(home)
    yield made
    made.close()
    shutil.rmtree(home)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The Redis that PHR_TEST_REDIS_URL names, or one of our own."""
    need(find_spec("redis") is not None, "the Python package redis")
    if given := os.environ.get("PHR_TEST_REDIS_URL", ""):
        yield given
        return
    binary = shutil.which("redis-server")
    need(binary is not None, "PHR_TEST_REDIS_URL or redis-server")
    port = free_port()
    folder = tmp_path_factory.mktemp("redis")
    options = [
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
        "--dir",
        str(folder),
    ]
    server = subprocess.Popen([str(binary), *options], stdout=subprocess.DEVNULL)
    wait_for(lambda: _answers(port))
    yield f"redis://127.0.0.1:{port}/0"
    server.terminate()
    server.wait(60)


@pytest.fixture(scope="module")
def rabbitmq() -> Iterator[str]:
    """The RabbitMQ that PHR_TEST_RABBITMQ_URL names, or one of our own."""
    if given := os.environ.get("PHR_TEST_RABBITMQ_URL", ""):
        yield given
        return
    need(RabbitMQ.installed(), "PHR_TEST_RABBITMQ_URL or rabbitmq-server")
    with folder() as home:
        node = RabbitMQ(home)
        wait_for(node.answers)
        yield node.url
        node.stop()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(params=["database", "redis", "rabbitmq"])
def broker(request: pytest.FixtureRequest, city: City) -> str:
    """The address of a broker, empty for the database's own queue."""
    if request.param == "database":
        return ""
    if request.param == "redis":
        return str(request.getfixturevalue("redis"))
    return str(request.getfixturevalue("rabbitmq"))


class Forked:
    """The command in a process forked from one that has loaded everything, with rounds of deliveries every second."""

    def __init__(self, environment: dict[str, str], folder: Path, log: Path) -> None:
        given = (["worker"], {**environment, PACE: "1"}, folder, log)
        self._process = CONTEXT.Process(target=run, args=given, daemon=False)
        self._process.start()

    def send_signal(self, number: int) -> None:
        if self._process.is_alive():
            os.kill(int(self._process.pid or 0), number)

    def kill(self) -> None:
        self._process.kill()

    def wait(self, timeout: float | None = None) -> None:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("phr worker", timeout or 0)


def spawned(environment: dict[str, str], folder: Path, log: Path) -> subprocess.Popen:
    """The command as an operator types it."""
    with log.open("ab") as said:
        return subprocess.Popen(
            [sys.executable, "-m", "phr", "worker"], env=environment, cwd=folder, stdout=said, stderr=said
        )


@contextmanager
def a_worker(
    city: City, broker: str = "", how: Callable[..., Forked | subprocess.Popen] = Forked
) -> Iterator[Forked | subprocess.Popen]:
    """``phr worker`` in a process of its own; stopped politely in the end."""
    folder, log = city.home / "cwd", city.home / f"worker-{uuid4().hex}.log"
    folder.mkdir(exist_ok=True)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "PHR_HOME": str(city.home),
        "PHR_SECRET_KEYS": SECRET,
        "PHR_BROKER_URL": broker,
        "PHR_BASE_URL": city.system.settings.base_url,
    }
    process = how(environment, folder, log)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=60)
    said = log.read_text()
    assert "Traceback" not in said, said
    assert not list(folder.iterdir()), "the worker leaves files where it was started"


def queued(city: City, broker: str) -> None:
    """A task message in the broker's queue."""
    settings = city.system.settings.model_copy(update={"broker_url": broker})
    app = make_app(start(settings))
    app.send_task("phr.deliver")
    app.close()


def lose(city: City, broker: str) -> int:
    """Empties the broker's queue, as a broker that was lost."""
    settings = city.system.settings.model_copy(update={"broker_url": broker})
    with Connection(start(settings).broker_url) as connection:
        return int(connection.default_channel.queue_purge("celery"))


def delete(city: City, broker: str) -> None:
    """Takes the queue itself away, under whoever listens to it."""
    settings = city.system.settings.model_copy(update={"broker_url": broker})
    with Connection(start(settings).broker_url) as connection:
        connection.default_channel.queue_delete("celery")


def test_a_due_letter_is_delivered_once_by_a_worker_over_each_broker(city: City, broker: str):
    """The default needs no broker to install; Redis and RabbitMQ do the same. Lost messages and queues lose no letter."""
    first, lost = city.letter(), []
    queued(city, broker)
    queued(city, broker)
    wait_for(lambda: lost.append(lose(city, broker)) or sum(lost) == 2)
    assert city.state(first) == "waiting"
    with a_worker(city, broker):
        city.delivered(first)
        second = city.letter()
        city.delivered(second)
        delete(city, broker)
        third = city.letter()
        city.delivered(third)
    assert [city.posted(key) for key in (first, second, third)] == [1, 1, 1]


def test_a_worker_killed_in_the_middle_of_a_delivery_delivers_once_in_the_end(city: City):
    """The ledger has it, the worker never heard so: the next one tells it again, and it counts once."""
    key = city.letter()
    city.hold.armed.set()
    with a_worker(city) as process:
        assert city.hold.reached.wait(180)
        process.kill()
        process.wait()
        assert city.state(key) == "waiting"
        city.hold.armed.clear()
        city.hold.go_on.set()
    wait_for(lambda: city.posted(key) == 1)
    city.administer(
        "UPDATE phr.outbox SET next_at = now() WHERE idempotency_key = %s", key
    )  # the lease runs out
    with a_worker(city):
        city.delivered(key)
    assert city.posted(key) == 1
    receipts = city.administer("SELECT receipt, attempts FROM phr.outbox WHERE idempotency_key = %s", key)
    assert receipts[0][0].startswith("transaction:")


def test_two_workers_at_once_deliver_each_letter_once(city: City):
    """A letter is leased by one of them. One was started as an operator does it."""
    with a_worker(city), a_worker(city, how=spawned):
        keys = [city.letter() for _ in range(20)]
        for key in keys:
            city.delivered(key)
    told = city.administer(
        "SELECT count(*) FROM phr.audit_event WHERE action = 'deliver' AND person_id = %s AND outcome = 'ok'",
        UUID(int=7),
    )
    attempts = city.administer("SELECT sum(attempts) FROM phr.outbox WHERE idempotency_key = ANY (%s)", keys)
    assert attempts[0][0] == len(keys)
    assert told[0][0] >= len(keys)


def test_a_worker_shows_signs_of_life_and_keeps_the_queue_small(city: City, monkeypatch):
    """Whoever watches sees the worker; messages that were handled do not pile up in the database."""
    with a_worker(city):
        city.delivered(city.letter())
    status = city.system.operate.status(actor="test", request="test")
    assert "worker" in status.workers
    monkeypatch.setattr(worker, "_running", [city.system])
    app = make_app(city.system)
    for _ in range(3):
        app.send_task("phr.deliver")
    app.tasks["phr.tidy"]()
    with Connection(city.system.broker_url) as connection:
        assert connection.default_channel.queue_purge("celery") == 0
    app.close()


def test_tasks_carry_nothing_of_anybody(city: City):
    """A task's message holds its name and no argument; what is due is read from the database."""
    app = make_app(city.system)
    for entry in app.conf.beat_schedule.values():
        assert set(entry) == {"task", "schedule", "options"}
        assert entry["task"] in app.tasks
    assert app.conf.accept_content == ["json"]
    app.close()
