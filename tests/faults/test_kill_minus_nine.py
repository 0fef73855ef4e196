"""kill -9 at any point: every acknowledged write is there, and nothing is half there."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from uuid import UUID

import numpy as np
import psutil
import pytest

from phr.bootstrap import System, ledger_store, stop_embedded
from phr.domain.access import machine
from phr.domain.samples import summarise
from tests.faults import writer

pytestmark = pytest.mark.db
KILLS_OF_THE_WRITER = 11
KILLS_OF_THE_DATABASE = 6
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.faults.writer"])
_REACH = np.int64(writer.PER_DAY * 100_000)
_NOON_US = int(writer.NOON.timestamp()) * 1_000_000
_DAY_US = 86_400_000_000


class City:
    """One home for several kills: its system, its only resident, and what was acknowledged so far."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.system: System = writer.system_of(home)
        self.system.migrate()
        resource = {
            "resourceType": "Patient",
            "id": writer.PATIENT,
            "gender": "female",
            "birthDate": "1960-05-05",
        }
        self.person: UUID = self.system.register.put(resource, actor="test", role="system", request="test")[0]
        self.consents = writer.renew(self.system, self.person)
        self.batches: set[int] = set()
        self.posted: set[int] = set()
        self.next = 0
        with self.system.ledger_connections() as connection:
            ledger_store.create_ledger(connection, writer.BOOK)

    def took(self, what: str, number: int) -> None:
        """Notes an acknowledgement."""
        if what == "consent":
            self.consents = max(self.consents, number)
        else:
            (self.batches if what == "batch" else self.posted).add(number)
        self.next = max(self.next, number + 1) if what == "batch" else self.next

    def administer(self, query: str) -> list[tuple]:
        """Rows as the administrator sees them."""
        with self.system.database.admin() as connection:
            return connection.execute(query, {"person": self.person}).fetchall()


@pytest.fixture(scope="module")
def city() -> Iterator[City]:
    home = Path(tempfile.mkdtemp(prefix="phr-faults-"))
    home.chmod(0o755)  # the embedded server of root runs as somebody else
    made = City(home)
    yield made
    made.system.close()
    stop_embedded(home)
    shutil.rmtree(home)


class Child:
    """A writer in a process of its own."""

    def __init__(self, city: City) -> None:
        self._city = city
        self._told, told = _CONTEXT.Pipe(duplex=False)
        self._process = _CONTEXT.Process(
            target=writer.write, args=(city.home, city.person, city.next, told), daemon=True
        )
        self._process.start()
        told.close()

    def hear(self, at_least: int) -> None:
        """Waits for so many acknowledgements."""
        for _ in range(at_least):
            assert self._told.poll(30), "the writer acknowledges nothing any more"
            self._city.took(*self._told.recv())

    def kill(self) -> None:
        """Kills it, and takes in what it had said until then."""
        self._process.kill()
        self._process.join()
        assert self._process.exitcode == -signal.SIGKILL
        _drain(self._told, self._city)
        self._told.close()
        self._process.close()


def _drain(told: Connection, city: City) -> None:
    with suppress(EOFError):
        while told.poll(0):
            city.took(*told.recv())


def kill_database(home: Path) -> None:
    """SIGKILL for the postmaster and all its children, as when the machine runs out of memory."""
    number = int((home / "pg" / "postmaster.pid").read_text().split()[0])
    postmaster = psutil.Process(number)
    family = [postmaster, *postmaster.children(recursive=True)]
    for process in family:
        with suppress(psutil.NoSuchProcess):
            os.kill(process.pid, signal.SIGKILL)
    psutil.wait_procs(family, timeout=10)


def stored(city: City) -> tuple[set[int], dict]:
    """The batches that are there, each whole, and the chunks as plain values."""
    system, person = city.system, city.person
    with system.store.begin(machine(system.settings.recipient, "collect", "test", person, "test")) as uow:
        sizes = uow.vitals.sizes(person)
        first = writer.NOON.date()
        chunks = uow.vitals.chunks(person, list(sizes), first, first.replace(day=first.day + 1))
        days = uow.vitals.days(person, list(sizes), first, first.replace(day=first.day + 1))
        uow.commit()
    pieces: list[set[int]] = []
    summaries: dict = {}
    for chunk in chunks:
        columns = chunk.columns
        since_noon = columns.start - _NOON_US - (chunk.slot.day - first).days * _DAY_US
        numbers, counts = np.unique(since_noon // _REACH, return_counts=True)
        whole = writer.PER_DAY if chunk.slot.code == "8867-4" else 1
        assert (counts == whole).all(), "part of a batch is there"
        assert (np.diff(columns.start) > 0).all()
        pieces.append(set(numbers.tolist()))
        for one in summarise(columns):
            summaries[chunk.slot, one.channel] = repr(one)
    kept = {(d.code, d.day, d.source_id, d.channel): repr(d.summary) for d in days}
    made = {(s.code, s.day, s.source_id, channel): text for (s, channel), text in summaries.items()}
    assert kept == made, "summaries and chunks disagree"
    assert all(one == pieces[0] for one in pieces), "a batch is in one chunk and not in another"
    plain = {
        c.slot: (c.version, c.columns.start.tolist(), [v.tobytes() for v in c.columns.channels.values()])
        for c in chunks
    }
    return pieces[0] if pieces else set(), plain


def check(city: City) -> None:
    """All that must hold after a kill."""
    present, before = stored(city)
    assert city.batches <= present, "an acknowledged batch is gone"
    assert present <= city.batches | {city.next}, "more is there than was ever sent"
    for number in present:
        _is_as_sent(city, number, before)
    _books_hold(city)
    _consent_is_whole(city)
    verdict = city.system.trail.verify(request="test")
    assert verdict.ok, verdict.problems
    told = city.administer(
        "SELECT request_id FROM phr.audit_event WHERE person_id = %(person)s AND action = 'collect'"
    )
    assert {f"batch-{number}" for number in present} <= {row[0] for row in told}
    city.batches |= present
    city.next = max(city.batches, default=-1) + 1
    _again(city, present, before)


def _is_as_sent(city: City, number: int, chunks: dict) -> None:
    """The values of one batch, to the last bit."""
    for one in writer.batch(number):
        day = next(
            slot for slot in chunks if slot.code == one.code and _holds(chunks[slot][1], int(one.start[0]))
        )
        starts, channels = chunks[day][1], chunks[day][2]
        at = starts.index(int(one.start[0]))
        assert starts[at : at + len(one)] == one.start.tolist()
        assert any(
            np.array_equal(np.frombuffer(raw)[at : at + len(one)], next(iter(one.channels.values())))
            for raw in channels
        )


def _holds(starts: list[int], start: int) -> bool:
    return bool(starts) and starts[0] <= start <= starts[-1]


def _books_hold(city: City) -> None:
    with city.system.ledger_connections() as connection:
        verdicts = ledger_store.verify(connection, writer.BOOK)
        total = ledger_store.aggregate_balances(connection, writer.BOOK, address="residents:")
    assert all(verdicts.values()), verdicts
    posted = {
        row[0] for row in city.administer("SELECT reference FROM ledger.transaction WHERE ledger = 'faults'")
    }
    assert {f"batch-{number}" for number in city.posted} <= posted
    assert total.get("HPT", 0) == 10 * len(posted), "a post counted twice, or half"


def _consent_is_whole(city: City) -> None:
    """The document, its history and its grants change together or not at all."""
    version = city.administer(
        "SELECT version FROM phr.resource WHERE type = 'Consent' AND id = 'agreed' AND person_id = %(person)s"
    )[0][0]
    assert version >= city.consents, "an acknowledged consent is gone"
    history = city.administer(
        "SELECT version FROM phr.resource_history WHERE id = 'agreed' AND person_id = %(person)s"
    )
    expected = set(range(1, version + 1))
    assert {row[0] for row in history} == expected
    grants = city.administer("SELECT DISTINCT version FROM phr.consent_grant WHERE person_id = %(person)s")
    assert [row[0] for row in grants] == [version]


def _again(city: City, present: set[int], before: dict) -> None:
    """Sending everything again changes nothing."""
    series = [one for number in sorted(present) for one in writer.batch(number)]
    receipt = city.system.receive(city.person, series, request="again")
    assert (receipt.stored, receipt.conflicts, receipt.quarantined, receipt.refused) == (0, 0, 0, 0)
    assert receipt.repeated == sum(len(one) for one in series)
    assert stored(city)[1] == before
    for number in list(city.posted)[-3:]:
        assert writer.post(city.system, number).hit


def test_a_killed_writer_loses_nothing_acknowledged_and_leaves_nothing_half_done(city: City):
    """A transaction is whole or absent, wherever in it the process dies."""
    chance = random.Random(20261121)
    for _ in range(KILLS_OF_THE_WRITER):
        child = Child(city)
        child.hear(chance.randrange(1, 12))
        time.sleep(chance.uniform(0, 0.12))
        child.kill()
        check(city)
    assert len(city.batches) > KILLS_OF_THE_WRITER


def test_a_killed_database_loses_nothing_acknowledged_while_the_writer_tries_again(city: City):
    """The server dies with every session; writer and reader start it again and go on."""
    chance = random.Random(9)
    for _ in range(KILLS_OF_THE_DATABASE):
        child = Child(city)
        child.hear(chance.randrange(1, 12))
        time.sleep(chance.uniform(0, 0.1))
        kill_database(city.home)
        child.hear(12)
        child.kill()
        check(city)
