"""Rounds over jobs on a lease: what they count, and how they end."""

from __future__ import annotations

import threading

from phr.domain.leased import one_round
from phr.errors import Busy


def test_a_round_counts_each_outcome_and_leaves_out_what_another_worker_has():
    """An empty word is a job that somebody else took."""
    words = {1: "done", 2: "", 3: "done", 4: "failed"}
    found = one_round(threading.Event(), lambda: 2, lambda: words, lambda job: words[job])
    assert found == {"done": 2, "expired": 2, "failed": 1}


def test_a_round_ends_before_the_next_job_when_it_is_asked_to_stop():
    """The job in hand is ended; what waits stays for the next round."""
    stopping, seen = threading.Event(), []

    def work(job: int) -> str:
        seen.append(job)
        stopping.set()
        return "done"

    assert one_round(stopping, lambda: 0, lambda: [1, 2, 3], work) == {"done": 1}
    assert seen == [1]


def test_a_database_that_does_not_answer_ends_the_round_and_nothing_is_forgotten():
    """What was done before it is counted."""

    def work(job: int) -> str:
        if job == 2:
            raise Busy("no answer")
        return "done"

    assert one_round(threading.Event(), lambda: 0, lambda: [1, 2, 3], work) == {"done": 1, "later": 1}
