"""A database that stops, moves, fills its disk or waits for it, under a service that goes on writing: nobody lends a hand."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.faults.checker import Checker
from tests.faults.log import Log
from tests.faults.parts import wait_for
from tests.faults.servers import Cluster
from tests.faults.town import Town, brokers, folder
from tests.faults.writers import Writers

pytestmark = pytest.mark.db
DISK = 320  # megabytes


@dataclass
class Under:
    """A town under its writers, with the disk of its first server and the second one that will follow."""

    town: Town
    log: Log
    writers: Writers
    checker: Checker
    disk: Path
    first: Cluster
    second: Cluster

    def goes_on(self, seconds: float = 180.0) -> None:
        """Everybody is served again: each kind of write is acknowledged anew."""
        before = {kind: len(self.log.acknowledged[kind]) for kind in ("post", "bundle", "points", "letter")}
        wait_for(
            lambda: all(len(self.log.acknowledged[kind]) > count for kind, count in before.items()),
            seconds,
            "not everything is acknowledged again",
        )


def mounted(disk: Path) -> bool:
    """A small disk of its own, where this user may mount one."""
    disk.mkdir()
    if os.geteuid() != 0:
        return False
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK}m,mode=755", "tmpfs", str(disk)], check=False
    )
    return done.returncode == 0


@pytest.fixture(scope="module")
def under(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Under]:
    broker = brokers()[0]
    with folder() as home:
        disk = home / "disk"
        small = mounted(disk)
        first, second = Cluster(disk / "first"), Cluster(home / "second")
        first.make()
        first.start()
        url = f"postgresql://postgres@127.0.0.1:{first.port},127.0.0.1:{second.port}/postgres"
        town = Town(home, first, [broker(home)], url)
        log = Log(tmp_path_factory.mktemp("log") / "log.ndjson")
        writers = Writers(town, log)
        try:
            town.serve()
            town.work()
            writers.start()
            yield Under(town, log, writers, Checker(town, log, writers), disk, first, second)
        finally:
            writers.stop()
            log.close()
            town.tell()
            town.close()
            second.stop()
            if small:
                subprocess.run(["umount", "-l", str(disk)], check=False)


def test_a_database_that_restarts_is_used_again_by_everybody(under: Under):
    """A polite restart ends every connection; the pool throws away all of them with the first."""
    under.goes_on()
    under.first.stop()
    time.sleep(0.5)
    under.first.start()
    under.goes_on()
    under.checker.between()


def test_a_disk_that_waits_only_delays(under: Under):
    """Whoever writes to the disk stands still for seconds, in the middle of what they were doing."""
    under.goes_on()
    server = psycopg.connect(under.first.url, autocommit=True)
    stopped = [one for one in under.first.family()[1:] if one.pid != server.info.backend_pid]
    for one in stopped:
        with suppress(psutil.NoSuchProcess):
            one.send_signal(signal.SIGSTOP)
    wait_for(under.town.serving, 60, "who asks for no data is not answered")
    time.sleep(3)
    for one in stopped:
        with suppress(psutil.NoSuchProcess):
            one.send_signal(signal.SIGCONT)
    server.close()
    under.goes_on()
    under.checker.between()


def test_a_full_disk_refuses_writes_until_there_is_room_again(under: Under):
    """What cannot be stored is not acknowledged: 503. With room, writing goes on by itself."""
    if not os.path.ismount(under.disk):
        if os.environ.get("CI") == "true":
            pytest.fail("CI must be able to mount a tmpfs")
        pytest.skip("needs the right to mount a small disk")
    under.goes_on()
    ballast = under.disk / "ballast"
    with ballast.open("wb") as file, suppress(OSError):
        while True:
            file.write(bytes(1_000_000))
    _use_up(under)
    asked = under.town.system.trail.verify
    with suppress(Exception):  # reads may go on; no promise of it is made
        asked(request="test")
    time.sleep(1)
    ballast.unlink()
    # It may have given up for want of room for its log, or do so yet: then its init system starts it again.
    wait_for(under.first.stays, 120, "the database does not come back")
    under.goes_on()
    under.checker.between()


def _use_up(under: Under) -> None:
    """Writes of somebody else until the server has said that the disk is full."""
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        try:
            with psycopg.connect(under.first.url, connect_timeout=3) as connection:
                connection.execute("CREATE TABLE IF NOT EXISTS ballast (what text)")
                connection.execute(
                    "INSERT INTO ballast SELECT repeat('x', 1000) FROM generate_series(1, 4000)"
                )
        except psycopg.OperationalError:
            if "No space left on device" in under.first.log.read_text(errors="replace"):
                return
            time.sleep(0.2)
    pytest.fail("the disk does not fill")


def test_a_standby_that_is_promoted_takes_over_without_a_hand(under: Under):
    """The address names both servers; connections go to the one that takes writes."""
    under.goes_on()
    under.second.copy_from(under.first)
    under.second.start()
    under.goes_on()
    wait_for(lambda: _synchronous(under), 120, "the standby does not follow")
    under.first.kill()
    under.second.promote()
    under.town.database = under.second
    under.goes_on()
    under.checker.between()


def _synchronous(under: Under) -> bool:
    """Commits wait for the standby from now on: only then does a failover lose nothing that was acknowledged."""
    with psycopg.connect(under.first.url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        connection.execute("SELECT pg_reload_conf()")
        row = connection.execute("SELECT sync_state FROM pg_stat_replication").fetchone()
        if row != ("sync",):
            return False
        # The checkpointer is who tells all others of the standby: it knows when it has made a checkpoint. And a
        # commit that waited for the standby says that everything before it is there.
        connection.execute("CHECKPOINT")
        connection.execute("SELECT pg_logical_emit_message(true, 'test', 'everything before this')")
    return True


def test_nothing_was_lost_in_all_of_this(under: Under):
    """The same check as after kills."""
    with psycopg.connect(under.second.url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM RESET synchronous_standby_names")
        connection.execute("SELECT pg_reload_conf()")
    under.writers.finish()
    under.checker.after()
    assert under.log.count > 50
