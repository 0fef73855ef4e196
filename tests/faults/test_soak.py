"""Thousands of requests of each kind against one server: its memory stays flat, and it gives everything back."""

from __future__ import annotations

import itertools
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import psutil
import psycopg
import pytest

from phr.bootstrap import System, start
from phr.commands.benchmarks.bench_alarm import blood_pressure
from phr.commands.benchmarks.bench_post import bundle, heart_rate
from phr.web.answer import SESSION_COOKIE
from tests.build import CITY
from tests.build import heart_rates as pulse
from tests.conftest import SECRET, make_database, settings_at
from tests.faults.log import tell
from tests.faults.parts import Part, free_port, serving, wait_for
from tests.phr.services.scenes import a_person

pytestmark = [pytest.mark.db, pytest.mark.slow]
NUMBER = int(os.environ.get("PHR_SOAK", "5000"))
"""Requests of each kind."""
CALLERS = 4
POOL = 4
GROWTH = (
    12.0  # megabytes that a kind may add after its first fifth: what is kept once, and not for each request
)
Ask = Callable[[httpx.Client, int], int]


class Served:
    """A server of its own, its residents, and what it holds."""

    def __init__(self, system: System, home: Path, url: str) -> None:
        self.system = system
        self.url = url
        port = free_port()
        self.base = f"http://127.0.0.1:{port}"
        environment = {
            "PHR_HOME": str(home),
            "PHR_SECRET_KEYS": SECRET,
            "PHR_BASE_URL": self.base,
            "PHR_DATABASE_URL": url,
            "PHR_POOL_SIZE": str(POOL),
            "PHR_LOG_LEVEL": "WARNING",
        }
        self.part = Part("soaked", ["serve", "--port", str(port)], environment, home)
        wait_for(lambda: serving(self.base), 90, "the server does not start")

    def megabytes(self) -> float:
        """What its processes hold alone."""
        return sum(one.memory_full_info().uss for one in self._processes()) / 1e6

    def files(self) -> int:
        """Files and sockets that are open."""
        return sum(one.num_fds() for one in self._processes())

    def _processes(self) -> list[psutil.Process]:
        first = psutil.Process(self.part.pid)
        return [first, *first.children(recursive=True)]

    def connections(self) -> Counter[str]:
        """Its connections to the database by state."""
        with psycopg.connect(self.url) as admin:
            rows = admin.execute(
                "SELECT state FROM pg_stat_activity WHERE usename = 'phr_app' AND datname = current_database()"
            ).fetchall()
        return Counter(row[0] for row in rows)


@pytest.fixture(scope="module")
def soaked(server_url: str, worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    name = f"phr_soak_{worker_id}"
    url = make_database(server_url, name)
    system = start(settings_at(url))
    system.migrate()
    made = Served(system, tmp_path_factory.mktemp("soak"), url)
    yield made
    made.part.stop()
    system.close()
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def kinds(system: System) -> dict[str, tuple[Ask, set[int]]]:
    """Each kind of request with the answers that are right."""
    person, patient = a_person(system)
    began = datetime.now(UTC) - timedelta(days=1)
    system.receive(person, [pulse(began, [60.0 + n % 30 for n in range(300)])], request="test")
    writer, written = a_person(system)
    app, gateway = f"soak-app-{uuid4().hex[:8]}", f"soak-box-{uuid4().hex[:8]}"
    for one in (app, gateway):
        system.accounts.put(one, "nurse", recipient=CITY, request="test")
    system.accounts.put(patient, "resident", recipient=f"Patient/{patient}", person=person, request="test")
    look = {"Authorization": f"Bearer {system.accounts.issue(app, 'token', purpose='guidance', request='t')}"}
    send = {
        "Authorization": f"Bearer {system.accounts.issue(gateway, 'token', purpose='collect', request='t')}",
        "Content-Type": "application/fhir+json",
    }
    page = {
        "Cookie": f"{SESSION_COOKIE}={system.accounts.issue(patient, 'web', purpose='self', request='t')}"
    }
    assert writer != person

    def get(path: str, headers: dict[str, str]) -> Ask:
        return lambda client, _n: client.get(path, headers=headers).status_code

    def one_reading(client: httpx.Client, _n: int) -> int:
        body = blood_pressure(written, 118, 76)  # of one second it is one reading
        return client.post("/fhir/Observation", headers=send, content=body).status_code

    def batch(client: httpx.Client, n: int) -> int:
        moments = [began + timedelta(seconds=10 * (n % 400) + step) for step in range(10)]
        return client.post(
            "/fhir", headers=send, content=bundle([heart_rate(written, at, 61) for at in moments])
        ).status_code

    return {
        "search": (get(f"/fhir/Observation?patient={patient}&_count=50", look), {200}),
        "page": (get("/today", page), {200}),
        "reading": (one_reading, {200, 201}),
        "batch": (batch, {200}),
        "metrics": (get("/metrics", {}), {200}),
        "nobody": (get(f"/fhir/Observation?patient={patient}", {"Authorization": "Bearer no"}), {401}),
        "nothing": (get("/fhir/Observation/none", look), {404}),
        "sign-in": (get("/sign-in", {}), {200}),
    }


def asked(base: str, ask: Ask, numbers: Iterator[int], right: set[int]) -> Counter[int]:
    """Answers that were not right, of several callers side by side."""
    wrong: Counter[int] = Counter()
    lock = threading.Lock()

    def call() -> None:
        with httpx.Client(base_url=base, trust_env=False, timeout=120) as client:
            while True:
                with lock:
                    n = next(numbers, None)
                if n is None:
                    return
                status = ask(client, n)
                if status not in right:
                    with lock:
                        wrong[status] += 1

    callers = [threading.Thread(target=call) for _ in range(CALLERS)]
    for one in callers:
        one.start()
    for one in callers:
        one.join()
    return wrong


def test_thousands_of_requests_leave_nothing_behind(soaked: Served):
    """What is kept for each request would fill the memory of a server that runs for months.

    The first fifth of each kind fills caches and pools; what comes after may add a little that is kept once.
    """
    told, grown = kinds(soaked.system), {}
    for name, (ask, right) in told.items():
        numbers = iter(range(NUMBER))
        assert asked(soaked.base, ask, itertools.islice(numbers, NUMBER // 5), right) == {}, name
        before = soaked.megabytes()
        assert asked(soaked.base, ask, numbers, right) == {}, name
        grown[name] = round(soaked.megabytes() - before, 1)
    tell(
        f"soak: {NUMBER} of each kind; megabytes added after the first fifth: {grown}; {soaked.megabytes():.0f} in all"
    )
    assert {name: more for name, more in grown.items() if more > GROWTH} == {}
    assert soaked.part.starts == 1
    wait_for(lambda: not soaked.connections().keys() - {"idle"}, 60, "a connection is still in use")
    assert sum(soaked.connections().values()) <= 2 * POOL + 1
    assert soaked.files() < 200, "files or sockets stay open"
