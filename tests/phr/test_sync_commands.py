"""What runs a round of readings: the worker's task and the commands."""

from __future__ import annotations

import json
import threading

import pytest
from click.testing import CliRunner

from phr import worker
from phr.cli import main
from phr.commands import connections as commands
from tests.phr.services.google_cloud import FakeGoogle, connected, hearts, join
from tests.phr.services.scenes import a_person


@pytest.fixture
def fake(clock):
    made = FakeGoogle()
    made.hearts = hearts(clock.now(), 12)
    return made


@pytest.fixture
def who(system, fake, monkeypatch, admin):
    admin.execute(
        "UPDATE phr.cloud_connection SET next_at = now() + interval '1 day'"
    )  # other tests' people wait
    join(system, fake)
    made = a_person(system, purposes=("collect",), categories=("heart",))
    connected(system, fake, *made)
    monkeypatch.setattr(commands, "system", lambda: system)
    monkeypatch.setattr(worker, "_running", [system])
    monkeypatch.setattr(worker, "_apart", {})
    return made


def run(*words):
    return CliRunner().invoke(main, list(words))


def test_the_workers_task_reads_what_is_due_and_tells_of_nobody(who):
    """It takes nothing, so no queue holds anything; it gives words and counts."""
    assert worker.sync()
    worker._apart["sync"].join(60)
    again = run("sync", "--resident", who[1], "--json")
    assert json.loads(again.stdout)["received"] == 0


def test_the_worker_goes_on_with_letters_while_a_cloud_is_slow(who, fake):
    """A round of readings waits for the cloud in a thread of its own; its second message begins nothing."""
    asked, answers = threading.Event(), threading.Event()

    def slow():
        asked.set()
        answers.wait(60)

    fake.before_page = slow
    try:
        assert worker.sync()
        assert asked.wait(60)
        assert worker._apart["sync"] is not threading.current_thread()
        assert not worker.sync()
    finally:
        answers.set()
        worker._apart["sync"].join(60)
    assert not worker._apart["sync"].is_alive()


def test_a_worker_that_stops_gives_the_connection_back_after_a_page(system, who, fake):
    """The next one goes on at once, and not when a lease has ended."""
    system.syncing.stop()
    assert system.syncing.sync_one(who[0], request="t").ended == "more"
    assert system.syncing.round(request="t") == {}
    system.syncing._stopping.clear()
    assert system.syncing.sync_one(who[0], request="t").ended == "done"


def test_one_residents_connection_is_read_at_once(who):
    """Due or not."""
    first = run("sync", "--resident", who[1], "--json")
    assert (first.exit_code, json.loads(first.stdout)["received"]) == (0, 12)
    again = run("sync", "--resident", who[1])
    assert (again.exit_code, "received 0" in again.stdout) == (0, True)


def test_a_round_says_how_many_ended_how(who):
    """And nothing about whose they are."""
    done = run("sync")
    assert done.exit_code == 0
    assert "done" in done.stdout
    assert who[1] not in done.stdout
    assert run("sync").exit_code == 0


def test_a_resident_without_a_connection_is_one_sentence_and_1(who):
    """Refused is 1, with a reason on stderr."""
    done = run("sync", "--resident", "p-nobody")
    assert (done.exit_code, "no connection" in done.stderr) == (1, True)


def test_a_connection_that_cannot_be_read_is_one_sentence_and_1(who, fake):
    """The word is that of the page."""
    fake.end_grant()
    done = run("sync", "--resident", who[1])
    assert (done.exit_code, "needs-reconnect" in done.stderr) == (1, True)


def test_rotating_says_how_many(system, fake, who):
    """Nothing to do is 0."""
    join(system, fake, secrets_=[b"a newer secret for tests, forty characters.", system.secrets[0]])
    assert "anew" in run("connections", "rotate").stdout
    assert run("connections", "rotate").stdout == "sealed 0 anew\n"
