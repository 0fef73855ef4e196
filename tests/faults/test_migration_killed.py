"""kill -9 in the middle of a migration: it is as if it had never begun, and the next start goes on."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.script import ScriptDirectory

from phr.bootstrap import start
from phr.domain.access import machine
from phr.store.migrate import admin_engine, config
from tests.build import agree, heart_rates
from tests.conftest import SECRET, make_database, settings_at
from tests.faults.writers import instant
from tests.faults.zygote import CONTEXT, run

pytestmark = pytest.mark.db
OLD = "0020"
KILLS = 6


@pytest.fixture
def url(server_url: str, worker_id: str) -> Iterator[str]:
    """A database of an older version, with a resident and their samples."""
    name = f"phr_migration_{worker_id}"
    yield make_database(server_url, name)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def revision(url: str) -> str:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT version_num FROM phr.alembic_version").fetchone()[0]


def test_a_migration_that_is_killed_is_whole_or_absent_and_goes_on(url: str, tmp_path: Path):
    """Killed at random points, then left to itself: the newest revision, and every sample; each revision is whole or absent."""
    chance = random.Random(int(os.environ.get("PHR_FAULT_SEED", "7")))
    system = start(settings_at(url))
    system.migrate()
    newest = revision(url)
    resource = {"resourceType": "Patient", "id": "p-old", "gender": "female", "birthDate": "1960-05-05"}
    person = system.register.put(resource, actor="test", role="system", request="test")[0]
    agree(system, person, "p-old")
    assert system.receive(person, [heart_rates(instant(0), [60.0] * 50)], request="t").stored == 50
    engine = admin_engine(system.database.admin)
    command.downgrade(config(engine), OLD)
    engine.dispose()
    system.close()

    environment = {"PHR_DATABASE_URL": url, "PHR_SECRET_KEYS": SECRET, "PHR_HOME": str(tmp_path)}
    given = (["migrate"], environment, tmp_path, tmp_path / "log")
    known = {one.revision for one in ScriptDirectory.from_config(config(engine)).walk_revisions(OLD, newest)}
    killed, needed = 0, 2.0
    for _ in range(KILLS):
        process = CONTEXT.Process(target=run, args=given)
        process.start()
        process.join(chance.uniform(0.02, 0.3 if killed else 0.1) * needed)
        if process.exitcode is None:
            process.kill()
            killed += 1
        process.join(180)
        assert revision(url) in known, "each revision is there wholly or not at all"
        if process.exitcode == 0:
            break
    last = CONTEXT.Process(target=run, args=given)
    last.start()
    last.join(180)
    assert last.exitcode == 0, (tmp_path / "log").read_text()
    assert killed >= 1
    assert revision(url) == newest
    again = start(settings_at(url))
    with again.store.begin(machine(again.settings.recipient, "collect", "t", person)) as uow:
        sizes = uow.vitals.sizes(person)
        uow.commit()
    assert list(sizes) == ["8867-4"]
    receipt = again.receive(person, [heart_rates(instant(0), [60.0] * 50)], request="t")
    assert (receipt.stored, receipt.repeated) == (0, 50)
    again.close()
