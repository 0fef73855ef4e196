"""Two cities in one PostgreSQL server: the second is refused before it takes the roles, and the doctor names it."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from phr.bootstrap import start
from phr.config import Settings
from phr.errors import Refused
from phr.store.engine import external
from phr.store.neighbours import databases, strangers
from tests.conftest import make_database, settings_at
from tests.faults.servers import Cluster

OTHER = "the secret of a city that came second, forty characters"


@pytest.fixture
def second(server_url, worker_id):
    """A second database on the server, for one that came later."""
    return make_database(server_url, f"phr_second_{worker_id}")


@pytest.mark.slow
def test_a_second_city_is_refused_and_the_first_goes_on():
    """A server that asks phr_app for its password: after a refusal it is still that of the first city."""
    folder = Path(tempfile.mkdtemp(prefix="phr-neighbours-"))
    folder.chmod(0o755)
    cluster = Cluster(folder / "data")
    cluster.make()
    rules = cluster.folder / "pg_hba.conf"
    rules.write_text(f"host all phr_app 127.0.0.1/32 scram-sha-256\n{rules.read_text()}")
    cluster.start()
    try:
        one, two = make_database(cluster.url, "asahi"), make_database(cluster.url, "tokiwa")
        with closing(start(settings_at(one))) as first:
            first.migrate()
            other = start(Settings(database_url=two, secret_keys=OTHER))
            with closing(other), pytest.raises(Refused, match="asahi"):
                other.migrate()
            first.database.app().close()  # a new connection: it is asked for the password
            with closing(start(settings_at(two))) as copy:  # ours: a copy beside it, as a drill makes one
                copy.migrate()
        with psycopg.connect(two, autocommit=True) as admin:
            admin.execute("DROP DATABASE asahi WITH (FORCE)")
        with closing(start(Settings(database_url=two, secret_keys=OTHER))) as alone:
            alone.migrate()  # all secrets were replaced: nobody else uses the roles
            alone.database.app().close()
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_a_role_that_opens_nothing_for_us_is_somebody_elses(system, second, admin):
    """The same without waiting for a server: the role takes no password at all for a moment."""
    with closing(start(Settings(database_url=second, secret_keys=OTHER))) as late:
        admin.execute("ALTER ROLE phr_app NOLOGIN")
        try:
            with pytest.raises(Refused, match=r"another password.*of its own"):
                late.migrate()
        finally:
            admin.execute("ALTER ROLE phr_app LOGIN")
    with psycopg.connect(second) as connection:
        assert connection.execute("SELECT to_regnamespace('phr')").fetchone() == (None,)


def test_a_copy_beside_is_no_stranger_and_another_city_is_one(system, database_url, second):
    """Told by the seals that a database accepts: a drill's database accepts ours."""
    with psycopg.connect(second) as connection:
        name = connection.info.dbname
    ours = [row[0] for row in system.sealer.rows()]
    with closing(start(settings_at(second))) as copy:
        copy.migrate()
    mine = external(database_url, "", system.secrets[-1])
    with psycopg.connect(database_url) as connection:
        assert name in databases(connection)
        assert name not in strangers(connection, mine, ours)
        assert name in strangers(connection, mine, ["0" * 16])
    found = {one.check: one for one in system.doctor(request="test")}
    assert name not in found["neighbours"].found
    with closing(start(Settings(database_url=database_url, secret_keys=OTHER))) as city:
        found = {one.check: one for one in city.doctor(request="test")}
    assert found["neighbours"].state == "warn"
    assert name in found["neighbours"].found
