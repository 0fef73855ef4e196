"""Where the chance of tests comes from: one number, so that a run that is red is red again with the same number."""

from __future__ import annotations

import os
import random
from typing import Final

ASKED: Final = "PHR_TEST_SEED"
_REAL: Final = os.urandom


def seed() -> str:
    """The number of this run: always the same one, unless the environment names another."""
    return os.environ.get(ASKED, "") or "0"


def drawn_for(name: str) -> None:
    """Ids, keys, salts, nonces, tokens and waits that this process draws from now on follow from the run's number and the name.

    Folders and what other processes and the database draw stay theirs. A child process draws for itself again, since it
    would otherwise draw what its parent draws.
    """
    told = f"{seed()} {name}"
    random.seed(told)
    _from(random.Random(told).randbytes)


def _from(source: object) -> None:
    for module, word in (
        (os, "urandom"),
        (random, "_urandom"),
    ):  # `secrets` and SystemRandom draw from the second
        setattr(module, word, source)


os.register_at_fork(after_in_child=lambda: _from(_REAL))
