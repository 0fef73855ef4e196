"""Connections that lead nowhere: every wait for the database ends, and the next caller is served."""

from __future__ import annotations

import time
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from phr.bootstrap import System, start
from phr.domain.access import machine
from phr.errors import Busy
from phr.store.engine import await_answer, broker_url, external, make_broker_database, open_engine
from phr.store.silence import LONGEST_SILENCE, end_if_silent
from phr.store.uow import Store
from tests.conftest import SECRET, settings_at
from tests.faults.proxy import Proxy
from tests.faults.servers import Cluster
from tests.faults.town import folder

pytestmark = pytest.mark.db
SILENCE = 4.0  # much more than an answer takes on a machine that does much else


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with folder() as home:
        made = Cluster(home / "cluster")
        made.make()
        made.start()
        yield made
        made.stop()


@pytest.fixture(scope="module")
def system(cluster: Cluster) -> Iterator[System]:
    made = start(settings_at(cluster.url))
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def proxy(cluster: Cluster) -> Iterator[Proxy]:
    made = Proxy(cluster.port)
    yield made
    made.close()


@pytest.fixture
def store(system: System, proxy: Proxy) -> Iterator[Store]:
    """The store behind the proxy, which gives up a silent server after some seconds."""
    database = external(f"postgresql://postgres@127.0.0.1:{proxy.port}/postgres", "", SECRET.encode())
    made = Store(open_engine(database.app, 2, silence=SILENCE), system.sealer)
    yield made
    made.close()


def beat(store: Store, system: System) -> None:
    """A write of something new: what a lost connection holds is free when the server has given that up, too."""
    with store.begin(machine(system.settings.recipient, "operate", "test", part="test")) as uow:
        uow.operations.beat(f"half-open-{uuid4()}", system.clock.now())
        uow.commit()


def test_a_statement_whose_answer_never_comes_ends_and_the_next_one_is_served(
    store: Store, system: System, proxy: Proxy
):
    """The peer acknowledges everything, so that neither the kernel nor the server's own time-outs can know."""
    beat(store, system)
    access = machine(system.settings.recipient, "operate", "test", part="test")
    began = time.monotonic()
    with pytest.raises(Busy), store.begin(access) as uow:  # noqa: PT012 - the fault comes in the middle
        uow.operations.beats()
        proxy.black_hole()
        uow.operations.beats()
    assert 0.9 * SILENCE <= time.monotonic() - began < 15 * SILENCE  # nothing else would ever have ended it
    proxy.heal()
    beat(store, system)


def test_a_commit_whose_answer_never_comes_ends(store: Store, system: System, proxy: Proxy):
    """Whether it counted is not known then: the caller hears that the database does not answer, and asks again."""
    access = machine(system.settings.recipient, "operate", "test", part="test")
    with pytest.raises(Busy), store.begin(access) as uow:  # noqa: PT012 - the fault comes in the middle
        uow.operations.beat("half-open", system.clock.now())
        proxy.black_hole()
        uow.commit()
    proxy.heal()
    beat(store, system)


def test_a_connection_that_idled_for_long_is_not_taken_for_a_silent_one(store: Store, system: System):
    """Silence counts from the statement on, and a statement that takes its time is told so by what went out."""
    beat(store, system)
    time.sleep(1.5 * SILENCE)
    beat(store, system)
    with store.plain_connection() as connection:
        time.sleep(1.2 * SILENCE)
        assert connection.execute("SELECT 1, pg_sleep(0.8)").fetchone()[0] == 1


def test_a_server_that_takes_connections_and_answers_nothing_is_given_up(system: System, proxy: Proxy):
    """connect_timeout counts until the server has answered, not until the network has."""
    proxy.black_hole()
    began = time.monotonic()
    with pytest.raises(psycopg.OperationalError):
        external(
            f"postgresql://postgres@127.0.0.1:{proxy.port}/postgres?connect_timeout=2", "", SECRET.encode()
        ).app()
    assert time.monotonic() - began < 60


def test_every_connection_has_its_bounds(system: System):
    """What the kernel, the server and the service themselves end; each within the next larger one."""
    with system.database.app() as connection:
        given = connection.info.get_parameters()
        statement = connection.execute("SHOW statement_timeout").fetchone()
        idle = connection.execute("SHOW idle_in_transaction_session_timeout").fetchone()
        assert not end_if_silent(connection, 0.0), "nothing runs on it"
    wanted = {"connect_timeout": "5", "keepalives_idle": "30", "tcp_user_timeout": "30000"}
    assert wanted.items() <= given.items()
    assert (statement, idle) == (("1min",), ("1min",))
    assert LONGEST_SILENCE > 60
    own = external("postgresql://postgres@127.0.0.1/x?tcp_user_timeout=9", "", b"s" * 40).app
    assert conninfo_to_dict(own.__closure__[0].cell_contents)["tcp_user_timeout"] == "9"


def test_sockets_of_the_same_machine_are_left_alone(cluster: Cluster):
    """There is no network that could fall silent."""
    url = f"postgresql://postgres@/postgres?host={cluster.folder}&port={cluster.port}"
    with psycopg.connect(url) as connection:
        connection.pgconn.send_query(b"SELECT pg_sleep(0.2)")
        assert not end_if_silent(connection, 0.0)
        connection.pgconn.finish()


def test_an_address_of_two_servers_leads_to_the_one_that_takes_writes(cluster: Cluster, system: System):
    """Also for the queue in the database, whose address is in another form."""
    url = f"postgresql://postgres@127.0.0.1:1,127.0.0.1:{cluster.port}/postgres"
    database = external(url, "", SECRET.encode())
    with database.admin() as connection:
        assert connection.info.get_parameters()["target_session_attrs"] == "read-write"
        make_broker_database(connection)
    engine = create_engine(broker_url(database).removeprefix("sqla+"))
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW transaction_read_only").scalar() == "off"
    engine.dispose()


def test_a_start_waits_for_the_database_and_says_so_once(cluster: Cluster, system: System):
    """A power cut starts everything at the same time."""
    told: list[str] = []
    away = external("postgresql://postgres@127.0.0.1:1/postgres", "", SECRET.encode())
    with pytest.raises(Busy):
        await_answer(away, 1.2, lambda: told.append("waiting"))
    assert told == ["waiting"]
    system.await_database(0.0, lambda: told.append("no need"))
    assert told == ["waiting"]


def test_a_pool_without_a_server_says_so(system: System):
    """Not the driver's words, which may hold an address."""
    database = external("postgresql://postgres@127.0.0.1:1/postgres", "", SECRET.encode())
    store = Store(open_engine(database.app, 1), system.sealer)
    with pytest.raises((OperationalError, psycopg.OperationalError)):
        database.app()
    with pytest.raises(Busy), store.plain_connection():
        pass
    with pytest.raises(Busy):
        beat(store, system)
    store.close()
