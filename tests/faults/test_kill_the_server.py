"""kill -9 for the server process in the middle of requests: what it answered is kept, what it did not is whole or absent."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from phr.bootstrap import System, stop_embedded
from phr.domain.access import resident
from phr.domain.query import ObservationQuery
from tests.build import agree
from tests.conftest import ROOT
from tests.faults import writer

pytestmark = pytest.mark.db
KILLS = 3


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="phr-server-"))
    made.chmod(0o755)  # the embedded server of root runs as somebody else
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def system(home: Path) -> Iterator[System]:
    made = writer.system_of(home)
    made.migrate()
    yield made
    made.close()
    stop_embedded(home)


@pytest.fixture(scope="module")
def person(system: System) -> UUID:
    resource = {
        "resourceType": "Patient",
        "id": writer.PATIENT,
        "gender": "female",
        "birthDate": "1960-05-05",
    }
    made = system.register.put(resource, actor="test", role="system", request="test")[0]
    agree(system, made, writer.PATIENT)
    return made


@pytest.fixture(scope="module")
def token(system: System, person: UUID) -> str:
    own = f"Patient/{writer.PATIENT}"
    system.accounts.put(writer.PATIENT, "resident", recipient=own, person=person, request="test")
    return system.accounts.issue(writer.PATIENT, "token", purpose="self", request="test")


class Server:
    """``phr serve`` in a process of its own."""

    def __init__(self, home: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.base = f"http://127.0.0.1:{port}"
        environment = {
            **os.environ,
            "PHR_HOME": str(home),
            "PHR_SECRET_KEYS": writer.SECRET,
            "PHR_BASE_URL": self.base,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "phr", "serve", "--port", str(port)],
            env=environment,
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                if httpx.get(f"{self.base}/healthz", trust_env=False).status_code == 200:
                    return
            except httpx.TransportError:
                assert time.monotonic() < deadline, "the server does not start"
                assert self._process.poll() is None, "the server gave up"
                time.sleep(0.05)

    def kill(self) -> None:
        self._process.kill()
        assert self._process.wait() == -signal.SIGKILL


def observation(number: int) -> dict[str, Any]:
    """One heart rate; each has an instant of its own."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "subject": {"reference": f"Patient/{writer.PATIENT}"},
        "effectiveDateTime": f"2026-03-01T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}+09:00",
        "valueQuantity": {
            "value": 60 + number % 40,
            "unit": "/min",
            "system": "http://unitsofmeasure.org",
            "code": "/min",
        },
    }


def send(
    base: str,
    token: str,
    numbers: Iterator[int],
    sent: set[int],
    answered: dict[int, str],
    stop: threading.Event,
) -> None:
    """Posts until the server is gone; notes what was answered with success, and where it is."""
    with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, trust_env=False) as client:
        while not stop.is_set():
            number = next(numbers)
            sent.add(number)
            try:
                answer = client.post("/fhir/Observation", json=observation(number))
            except httpx.TransportError:
                return
            assert answer.status_code in (201, 503), answer.text
            if answer.status_code == 201:
                answered[number] = answer.headers["location"].rpartition("/")[2]


def present(system: System, person: UUID) -> dict[str, bytes]:
    """Every Observation of the person: id -> JSON."""
    access = resident(person, writer.PATIENT, "test")
    found: dict[str, bytes] = {}
    cursor = None
    while True:
        page = system.observations.search(
            ObservationQuery(count=1000, cursor=cursor), {person: writer.PATIENT}, access
        )
        found |= {one.id: one.body for one in page.found}
        cursor = page.more
        if cursor is None:
            return found


def test_what_the_server_answered_is_kept_when_it_is_killed(
    system: System, person: UUID, token: str, home: Path
):
    """201 means stored; sending again what got no answer stores it once."""
    chance = random.Random(4)
    numbers = iter(range(100_000))
    answered: dict[int, str] = {}
    sent: set[int] = set()
    for _ in range(KILLS):
        server = Server(home)
        stop = threading.Event()
        senders = [
            threading.Thread(target=send, args=(server.base, token, numbers, sent, answered, stop))
            for _ in range(3)
        ]
        before = len(answered)
        for sender in senders:
            sender.start()
        while len(answered) < before + 5:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.3))
        server.kill()
        stop.set()
        for sender in senders:
            sender.join(30)
            assert not sender.is_alive()
        there = present(system, person)
        assert set(answered.values()) <= set(there), "an Observation that was answered with 201 is gone"
        assert len(there) <= len(sent)
        assert system.trail.verify(request="test").ok
    _send_again(system, person, sent)


def _send_again(system: System, person: UUID, sent: set[int]) -> None:
    """Everything that was ever sent, once more and some of it twice: each is there exactly once."""
    for number in sorted(sent):
        assert _one(system, number) in (200, 201)
    there = present(system, person)
    assert len(there) == len(sent)
    for number in sorted(sent)[-20:]:
        assert _one(system, number) == 200
    assert present(system, person) == there


def _one(system: System, number: int) -> int:
    body = orjson.dumps(observation(number))
    return system.intake.one(
        body, writer.PATIENT, actor=writer.PATIENT, role="resident", request="again"
    ).status
