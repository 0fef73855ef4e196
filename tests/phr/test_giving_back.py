"""What the system holds is given back: by ``close``, and also where whoever had it forgot."""

from __future__ import annotations

import gc
import threading
import time

import psycopg
import pytest

from phr.bootstrap import start
from tests.conftest import settings_at

OURS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
NAME = "giving-back"


def connections(admin: psycopg.Connection, expected: int) -> int:
    """How many there are; the server notices the end of one a moment later."""
    until = time.monotonic() + 60
    while True:
        found = admin.execute(OURS, (NAME,)).fetchone()[0]
        if found == expected or time.monotonic() > until:
            return found
        time.sleep(0.05)


def test_a_thread_that_looks_at_connections_ends_with_their_pool(database_url, clock):
    """A pool that is opened again is looked at again; a connection that is still out keeps its thread."""

    def looking() -> set[threading.Thread]:
        return {thread for thread in threading.enumerate() if thread.name == "silence"} - before

    before = set(threading.enumerate())
    made = start(settings_at(database_url), clock)
    made.operate.beat("giving-back", request="t")
    (first,) = looking()
    made.store._engine.dispose()
    first.join(60)
    assert not first.is_alive()
    with made.store._engine.connect() as out:
        (second,) = looking()
        made.store._engine.dispose()
        assert looking() == {second}
        out.invalidate()
    made.close()
    second.join(60)
    assert looking() == set()


@pytest.mark.parametrize("forgotten", [True, False])
def test_no_connection_stays_open_behind_a_system(database_url, clock, admin, monkeypatch, forgotten):
    """A connection that is only collected would be an error in whatever runs at that moment."""
    monkeypatch.setenv("PGAPPNAME", NAME)
    made = start(settings_at(database_url), clock)
    made.operate.beat("giving-back", request="t")
    assert connections(admin, 1) == 1
    if not forgotten:
        made.close()
    del made
    gc.collect()
    assert connections(admin, 0) == 0
