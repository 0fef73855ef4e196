"""Whoever runs the service reads what residents sent: the worker beside its deliveries, the demo by itself."""

from __future__ import annotations

import threading
import time

import pytest

from phr import worker
from phr.commands import demo
from tests.phr.services.sending import WHO, a_city, everything, waiting

pytestmark = pytest.mark.db


@pytest.fixture
def town(database_url, clock, tmp_path):
    made = a_city(database_url, clock, tmp_path)
    yield made
    made.close()


def read(town, who, sent):
    """Waits until the file was read."""
    until = time.monotonic() + 120
    while town.uploads.one(who[0], sent.upload_id, **WHO).state != "done":
        assert time.monotonic() < until, "it was not read"
        time.sleep(0.05)


def test_the_worker_reads_beside_its_deliveries(town, monkeypatch):
    """The task only begins a thread, and begins no second one."""
    monkeypatch.setattr(worker, "_running", [town])
    monkeypatch.setattr(worker, "_apart", {})
    me = everything(town)
    sent = waiting(town, me)
    assert worker.uploads()
    read(town, me, sent)
    worker._apart["uploads"].join(60)
    busy = threading.Event()
    thread = threading.Thread(target=busy.wait)
    thread.start()
    monkeypatch.setattr(worker, "_apart", {"uploads": thread})
    assert not worker.uploads()
    busy.set()
    thread.join()


def test_the_demo_reads_by_itself(town, monkeypatch):
    """It runs no worker."""
    monkeypatch.setattr(demo, "_LOOK_SECONDS", 0.05)
    me = everything(town)
    sent = waiting(town, me)
    with demo._reading_uploads(town):
        read(town, me, sent)
    assert all(thread.name != "demo-uploads" for thread in threading.enumerate())
