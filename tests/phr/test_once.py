"""The worker's jobs without a queue: every kind once, and one that fails costs the others nothing."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from phr import worker
from phr.bootstrap import System, start
from phr.commands.once import DAILY, NEVER, OFTEN, rounds
from tests.conftest import make_database, settings_at

pytestmark = pytest.mark.db


@pytest.fixture(scope="module")
def system(server_url: str, worker_id: str) -> Iterator[System]:
    """A city without anybody: the nightly jobs would take minutes for all who other tests left behind."""
    name = f"phr_once_{worker_id}"
    made = start(settings_at(make_database(server_url, name)))
    made.migrate()
    yield made
    made.close()
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def test_every_job_of_the_worker_is_one_of_these():
    """A new job is told here, or is said to be none."""
    assert set(worker._jobs()) == {*OFTEN, *DAILY, *NEVER}
    assert not set(OFTEN) & set(DAILY)


def test_each_kind_runs_once(system):
    """Also those that a worker does beside the deliveries; nothing fails on an empty city."""
    done, failed = rounds(system, "test-once", daily=True)
    assert failed == []
    assert set(done) == {*OFTEN, *DAILY}
    assert set(rounds(system, "test-once", daily=False)[0]) == set(OFTEN)


def test_one_that_fails_costs_the_others_nothing(system, monkeypatch):
    """It is named, and the deliveries go out."""

    def broken(_made, _request):
        raise RuntimeError

    monkeypatch.setitem(OFTEN, "sync", broken)
    done, failed = rounds(system, "test-once", daily=False)
    assert failed == ["sync"]
    assert "deliver" in done
