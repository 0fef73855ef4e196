"""The nightly assessment of the worker: told of nobody, one at a time, in the small hours of the city."""

from __future__ import annotations

import threading

import pytest

from phr import worker


class Stub:
    """A system whose assessment waits until it may end."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.began: list[dict[str, str]] = []

    def assess(self, **arguments: str) -> None:
        self.began.append(arguments)
        self.go_on.wait(10)


@pytest.fixture
def stub(monkeypatch):
    made = Stub()
    monkeypatch.setattr(worker, "_running", [made])
    monkeypatch.setattr(worker, "_apart", {})
    yield made
    made.go_on.set()
    for thread in worker._apart.values():
        thread.join(10)


def test_one_assessment_runs_at_a_time_and_knows_only_its_request(stub):
    """A second message while one runs begins nothing; the argument names no person."""
    assert worker.assess()
    assert not worker.assess()
    stub.go_on.set()
    worker._apart["assess"].join(10)
    assert worker.assess()
    assert [list(arguments) for arguments in stub.began] == [["request"], ["request"]]
    assert all(arguments["request"].startswith("worker-") for arguments in stub.began)


def test_the_night_is_that_of_the_city():
    """Once a day, when few people measure; a message that waited longer than three hours is dropped."""
    hour, minute = worker._NIGHT
    assert (1 <= hour <= 5, 0 <= minute < 60) == (True, True)
