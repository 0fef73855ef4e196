"""kill -9 for API, worker, database and broker, again and again: nothing acknowledged is lost, nothing counts twice."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.chaos import Chaos
from tests.faults.checker import Checker
from tests.faults.log import Log, tell
from tests.faults.parts import wait_for
from tests.faults.town import Town, a_town, brokers
from tests.faults.writers import Writers

pytestmark = pytest.mark.db
SEED = int(os.environ.get("PHR_FAULT_SEED") or random.SystemRandom().randrange(1_000_000))


def survive(town: Town, kills: int, seed: int, folder: Path) -> None:
    """So many kills while everybody writes, over one broker after another; then everything is looked at."""
    began = time.monotonic()
    log = Log(folder / "log.ndjson")
    writers = Writers(town, log)
    checker = Checker(town, log, writers)
    chaos = Chaos(town, log, checker, seed)
    town.serve()
    town.work()
    writers.start()
    try:
        for number, broker in enumerate(town.brokers or [None], 1):
            if broker is not town.broker:
                town.move_to(broker)
            chaos.run(kills * number // max(len(town.brokers), 1) - chaos.kills.total())
        killed = time.monotonic() - began
        wait_for(lambda: all(log.acknowledged.values()), 180, "a kind of write was never acknowledged")
        writers.finish()
        checker.after()
    finally:
        writers.stop()
        done = {kind: len(one) for kind, one in log.acknowledged.items()}
        unanswered = {kind: len(one - set(log.acknowledged[kind])) for kind, one in log.sent.items()}
        log.close()
        town.tell()
        tell(
            f"seed {seed}: {dict(chaos.kills)} kills, acknowledged {done}, sent without an answer {unanswered}"
        )
    tell(
        f"{chaos.kills.total()} kills, {log.count} acknowledged writes, {checker.lost} lost, {checker.doubled} doubled;"
        f" {killed:.0f} s of kills, {time.monotonic() - began - killed:.0f} s of checks"
    )


@contextmanager
def installation(name: str) -> Iterator[Town]:
    """A city's, with PostgreSQL, Redis and then RabbitMQ; or one that has only the service."""
    with a_town(own_server=True, brokers=brokers()) if name == "city" else a_town(own_server=False) as town:
        yield town


@pytest.mark.parametrize("name", ["city", "embedded"])
def test_kills_at_random_points_lose_nothing_and_double_nothing(tmp_path: Path, name: str):
    """Fifty kills of the parts of two installations; each part is killed, and every kind of write goes on after it."""
    with installation(name) as town:
        survive(town, 25, SEED, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["city", "embedded"])
def test_a_night_of_kills_loses_nothing_and_doubles_nothing(tmp_path: Path, name: str):
    """PHR_KILLS kills, a thousand if it is not set, half of them in each installation."""
    kills = int(os.environ.get("PHR_KILLS", "1000"))
    with installation(name) as town:
        survive(town, (kills + 1) // 2, SEED, tmp_path)
