"""The trail: who looked at whose data, and a check that finds a changed, removed or cut-off row."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import psycopg
import pytest

from phr.bootstrap import start
from tests.build import heart_rates
from tests.conftest import make_database, settings_at
from tests.phr.services.scenes import a_person


@pytest.fixture(scope="module")
def database_url(server_url, worker_id):
    """A database of its own: other tests plant rows as administrator, and the trail would find them."""
    url = make_database(server_url, f"phr_trail_{worker_id}")
    made = start(settings_at(url))
    made.migrate()
    made.close()
    return url


@pytest.fixture
def row(system, admin):
    """A row of the trail that a test may damage; it is put back afterwards."""
    person, _ = a_person(system)
    system.receive(person, [heart_rates(datetime(2026, 11, 1, tzinfo=UTC), [60.0])], request="t")
    chain, seq, actor = admin.execute(
        "SELECT chain, seq, actor FROM phr.audit_event WHERE person_id = %s AND action = 'collect'", (person,)
    ).fetchone()
    yield chain, seq
    admin.execute("UPDATE phr.audit_event SET actor = %s WHERE chain = %s AND seq = %s", (actor, chain, seq))


def test_a_person_reads_who_looked_and_that_look_is_on_the_record_too(system):
    person, patient = a_person(system)
    system.receive(person, [heart_rates(datetime(2026, 11, 1, tzinfo=UTC), [60.0])], request="t")
    first = system.trail.of_person(person, actor=patient, request="t")
    assert "collect" in {one.action for one in first}
    assert {one.person_id for one in first} == {person}
    assert len(system.trail.of_person(person, actor=patient, request="t")) == len(first) + 1


def test_a_changed_row_is_found(system, admin, row):
    chain, seq = row
    assert system.trail.verify(request="t").ok
    admin.execute("UPDATE phr.audit_event SET actor = 'nobody' WHERE chain = %s AND seq = %s", (chain, seq))
    verdict = system.trail.verify(request="t")
    assert any(f"chain {chain} row {seq} " in problem for problem in verdict.problems)


def test_rows_written_while_the_trail_is_checked_are_no_problem(system):
    """The check runs on a living service."""
    person, _ = a_person(system)
    stop, troubles = threading.Event(), []

    def write():
        n = 0
        while not stop.is_set():
            n += 1
            system.receive(
                person, [heart_rates(datetime(2026, 11, 1, 0, n % 60, tzinfo=UTC), [60.0])], request="t"
            )

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(5):
            troubles += system.trail.verify(request="t").problems
    finally:
        stop.set()
        writer.join()
    assert troubles == []


def test_the_service_itself_cannot_change_the_trail(system):
    with system.database.app() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("UPDATE phr.audit_event SET actor = 'x'")


def test_a_trail_longer_than_one_transaction_is_read_to_its_end(system, monkeypatch):
    """Each block of rows has a transaction of its own, since the seal of a context lives for minutes."""
    person, _ = a_person(system)
    for minute in range(5):
        system.receive(
            person, [heart_rates(datetime(2026, 11, 1, 0, minute, tzinfo=UTC), [60.0])], request="t"
        )
    whole = system.trail.verify(request="t")
    monkeypatch.setattr("phr.services.trail._BLOCK", 5)
    again = system.trail.verify(request="t")
    assert again.problems == []
    assert again.rows == whole.rows >= 5
    assert sum("line" in one for one in system.trail.export(request="t")) == whole.rows


def test_the_whole_check_is_noted_apart_from_that_of_each_hour(system, admin, row):
    """What it found wrong stays on the pages until a whole check finds it right again."""
    chain, seq = row
    verdict = system.trail.verify_new(request="t")
    system.proofs.note(ok=verdict.ok, whole=False, request="t")
    assert system.proofs.newest(request="t").ok
    admin.execute("UPDATE phr.audit_event SET actor = 'nobody' WHERE chain = %s AND seq = %s", (chain, seq))
    assert not system.prove(request="t")
    system.proofs.note(ok=True, whole=False, request="t")
    assert not system.proofs.newest(request="t").ok
    admin.execute("DELETE FROM phr.heartbeat WHERE name LIKE 'audit-%'")
    assert system.proofs.newest(request="t") is None
