"""Jobs on a lease: one worker has one, keeps it while it works, and a round goes over what waits until it is stopped."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TypeVar

from phr.errors import Busy

Job = TypeVar("Job")


class LostLease(Exception):
    """The job was ended, or another worker has taken it over."""


class Stopped(Exception):
    """The worker is asked to stop."""


def one_round(
    stopping: threading.Event,
    tidy: Callable[[], int],
    due: Callable[[], Iterable[Job]],
    work: Callable[[Job], str],
) -> dict[str, int]:
    """Removes what is over, then works on what is due until stopped; how many of each outcome, words that are empty left out.

    A database that does not answer ends the round as `later`: whoever asks for the next one finds everything again.
    """
    outcomes: Counter[str] = Counter()
    try:
        outcomes["expired"] += tidy()
        for job in due():
            if stopping.is_set():
                break
            outcomes[work(job)] += 1
    except Busy:
        outcomes["later"] += 1
    return {word: number for word, number in sorted(outcomes.items()) if word and number}
