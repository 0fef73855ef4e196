"""The nightly assessment of the worker: told of nobody, one at a time, in the small hours of the city."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from phr import worker


class Stub:
    """A system whose assessment waits until it may end."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.began: list[dict[str, str]] = []
        self.priorities: list[int] = []
        self.operate = self

    def begin(self, job: str, *, request: str) -> bool:
        """Whether the job may begin."""
        return True

    def beat(self, name: str, *, request: str) -> None:
        """The sign that a job ended."""

    def assess(self, **arguments: str) -> None:
        self.began.append(arguments)
        self.priorities.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        self.go_on.wait(60)


@pytest.fixture
def stub(monkeypatch):
    made = Stub()
    monkeypatch.setattr(worker, "_running", [made])
    monkeypatch.setattr(worker, "_apart", {})
    yield made
    made.go_on.set()
    for thread in worker._apart.values():
        thread.join(60)


def test_one_assessment_runs_at_a_time_and_knows_only_its_request(stub):
    """A second message while one runs begins nothing; the argument names no person.

    Each runs in a thread of its own: what it did is known once that has ended.
    """
    assert worker.assess()
    assert not worker.assess()
    stub.go_on.set()
    worker._apart["assess"].join(60)
    assert worker.assess()
    worker._apart["assess"].join(60)
    assert [list(arguments) for arguments in stub.began] == [["request"], ["request"]]
    assert all(arguments["request"].startswith("worker-") for arguments in stub.began)


@pytest.mark.skipif(sys.platform != "linux", reason="a thread has a priority of its own on Linux alone")
def test_long_work_gives_way_to_pages_and_letters(stub):
    """Only its own thread: the deliveries of the same process keep their place."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    assert worker.assess()
    stub.go_on.set()
    worker._apart["assess"].join(60)
    assert stub.priorities == [max(10, before)]
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


def test_the_night_is_that_of_the_city():
    """Once a day, when few people measure; a message that waited longer than three hours is dropped."""
    hour, minute = worker._NIGHT
    assert (1 <= hour <= 5, 0 <= minute < 60) == (True, True)
