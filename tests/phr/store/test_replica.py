"""Long reads at a standby: a withdrawal that was acknowledged before a read is seen by it, however late the standby is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from phr.asgi import create_app
from phr.bootstrap import System, start
from phr.domain.access import Access
from phr.errors import Busy
from phr.services.export import Protocol
from phr.store.engine import external, open_engine
from phr.store.replica import Patience, ReplicaStore
from phr.store.standby import behind
from tests.build import CITY, agree, heart_rates
from tests.conformance.bulk.scene import Scene, ids, lines
from tests.conftest import SECRET, FixedClock, settings_at
from tests.phr.services.scenes import a_person
from tests.phr.store.standby import Pair, a_pair

UNIVERSITY = "Organization/uni-standby"
PROTOCOL = Protocol("Walking", "Ethics 7", UNIVERSITY, ("8867-4",), date(2026, 10, 1), date(2026, 11, 10))


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with a_pair() as made:
        yield made


@pytest.fixture(scope="module")
def city(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    home = tmp_path_factory.mktemp("home")
    made = start(settings_at(pair.primary, replica_url=pair.standby, home=home))
    made.migrate()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def goes_on(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test did, the standby replays again."""
    yield
    if "pair" in request.fixturenames:
        request.getfixturevalue("pair").resume()


@pytest.fixture
def reads(city: System, pair: Pair) -> Iterator[ReplicaStore]:
    """A store with little patience, and none left over from another test."""
    made = a_store(city, pair.standby, waits=0.2, rests=0.0)
    yield made
    made.close()


def a_store(city: System, url: str, waits: float = 5.0, rests: float = 0.0) -> ReplicaStore:
    engine = open_engine(external(url, "", SECRET.encode()).app, 2)
    return ReplicaStore(city.store, engine, city.sealer, Patience(waits, rests))


def research() -> Access:
    return Access("researcher", "r", UNIVERSITY, "research-deidentified", f"t-{uuid4().hex[:8]}")


def a_member(city: System) -> tuple[UUID, str, str]:
    """Somebody whose heart rates this university may read: person, Patient id, consent."""
    person, patient = a_person(city, purposes=("collect",))
    consent = agree(city, person, patient, purposes=("research-deidentified",), recipients=(UNIVERSITY,))
    city.receive(person, [heart_rates(datetime(2026, 11, 1, tzinfo=UTC), [60.0, 62.0])], request="t")
    return person, patient, consent


def withdraw(city: System, one: tuple[UUID, str, str]) -> None:
    person, patient, consent = one
    city.consents.withdraw(person, consent, actor=patient, role="resident", request="t")


def read_by(store: Any, access: Access | None = None) -> set[UUID]:
    """Whose days an export reads."""
    with store.begin(access or research()) as uow:
        days = uow.vitals.release_days(["8867-4"], PROTOCOL.first, PROTOCOL.last, UUID(int=0), 1_000)
        found = {row.person_id for row in days}
        for person in sorted(found):
            uow.audit.add("export", "day-summaries", person, count=1)
        uow.commit()
    return found


def caught_up(city: System, pair: Pair) -> None:
    with city.database.admin() as connection:
        (place,) = connection.execute("SELECT pg_current_wal_flush_lsn()::text").fetchone()
    passed = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
    deadline = time.monotonic() + 120
    while pair.admin.execute(passed, (place,)).fetchone() != (True,):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
def test_a_standby_that_is_up_to_date_answers_and_the_primary_keeps_the_audit_rows(city: System, pair: Pair):
    """Policies, context and seal work there as here; who read is written where it is kept."""
    one, access = a_member(city), research()
    store = a_store(city, pair.standby)
    assert one[0] in read_by(store, access)
    assert store.reads == {"standby": 1, "primary": 0}
    told = "SELECT role, recipient, purpose, action, n FROM phr.audit_event WHERE request_id = %s AND person_id = %s"
    with city.database.admin() as connection:
        rows = connection.execute(told, (access.request, one[0])).fetchall()
    assert rows == [("researcher", UNIVERSITY, "research-deidentified", "export", 1)]
    assert one[0] not in read_by(
        store, Access("researcher", "r", "Organization/other", "research-deidentified", "t")
    )
    store.close()


@pytest.mark.slow
def test_a_withdrawal_is_seen_while_the_standby_stands_still(city: System, pair: Pair, reads: ReplicaStore):
    """The standby itself would still show the person: the fence is what keeps them out."""
    stays, goes = a_member(city), a_member(city)
    caught_up(city, pair)
    pair.pause()
    assert {stays[0], goes[0]} <= read_by(reads)
    withdraw(city, goes)
    behind = pair.admin.execute(
        "SELECT count(*) FROM phr.consent_grant WHERE person_id = %s AND purpose = 'research-deidentified'",
        (goes[0],),
    )
    assert behind.fetchone()[0] > 0, "the standby knows of the withdrawal: this test would prove nothing"
    found = read_by(reads)
    assert goes[0] not in found
    assert stays[0] in found
    assert reads.reads["primary"] >= 1
    pair.resume()
    caught_up(city, pair)
    before = reads.reads["standby"]
    found = read_by(reads)
    assert (goes[0] in found, stays[0] in found) == (False, True)
    assert reads.reads["standby"] == before + 1


@pytest.mark.slow
def test_a_read_waits_for_a_standby_that_is_a_little_late(city: System, pair: Pair):
    """Within its patience; then the standby answers, with the withdrawal."""
    goes = a_member(city)
    caught_up(city, pair)
    store = a_store(city, pair.standby, waits=30.0)
    assert goes[0] in read_by(store)
    pair.admin.execute("SELECT pg_wal_replay_pause()")
    withdraw(city, goes)
    pair.admin.execute("SELECT pg_wal_replay_resume()")
    assert goes[0] not in read_by(store)
    assert store.reads == {"standby": 2, "primary": 0}
    store.close()


@pytest.fixture
def patient(city: System, monkeypatch: pytest.MonkeyPatch) -> ReplicaStore:
    """The store that the use cases are wired to, with patience, and without a rest left over from another test."""
    store = city.long_reads
    assert isinstance(store, ReplicaStore)
    monkeypatch.setattr(store, "_patience", Patience(waits=30.0, rests=60.0))
    monkeypatch.setattr(store, "_until", 0.0)
    monkeypatch.setattr(store, "reads", {"standby": 0, "primary": 0})
    return store


@pytest.mark.slow
def test_a_release_leaves_out_who_withdrew_while_the_standby_stood_still(
    city: System, pair: Pair, patient: ReplicaStore, monkeypatch: pytest.MonkeyPatch
):
    """The use case as it is wired: it reads at the standby, and then, when that is late, at the primary."""
    agreed = [a_member(city) for _ in range(9)]
    caught_up(city, pair)
    pair.pause()
    assert {one[0] for one in agreed} <= read_by(patient)
    withdraw(city, agreed[0])
    monkeypatch.setattr(patient, "_patience", Patience(waits=0.1, rests=60.0))
    done = city.export.publish(PROTOCOL, actor="r", request="t")
    members = "SELECT person_id FROM phr.release_member WHERE release_id = %s"
    with city.database.admin() as connection:
        found = {row[0] for row in connection.execute(members, (done.release_id,)).fetchall()}
    assert (agreed[0][0] in found, agreed[1][0] in found) == (False, True)
    assert (patient.reads["standby"], patient.reads["primary"] > 0) == (1, True)
    assert city.open_data._reads is patient


@pytest.mark.slow
def test_a_bulk_export_leaves_out_who_withdrew_while_the_standby_stood_still(
    city: System, pair: Pair, patient: ReplicaStore, monkeypatch: pytest.MonkeyPatch
):
    """FHIR clients get the same: all that is shared from the standby, and nobody's record after a withdrawal."""
    scene = Scene(city, FixedClock(), f"Organization/univ-{uuid4().hex[:8]}", create_app(city))
    stays, goes = scene.somebody(), scene.somebody()
    scene.share(stays)
    scene.share(goes)
    client = scene.client("bulk")
    before = ids(lines(client, scene.exported(client, "/fhir/$export?_type=Patient")))
    assert before == sorted(f"Patient/{one.patient}" for one in (stays, goes))
    assert (patient.reads["standby"] > 0, patient.reads["primary"]) == (True, 0)
    caught_up(city, pair)
    pair.pause()
    scene.withdraw(goes)
    monkeypatch.setattr(patient, "_patience", Patience(waits=0.1, rests=60.0))
    after = ids(lines(client, scene.exported(client, "/fhir/$export?_type=Patient")))
    assert after == [f"Patient/{stays.patient}"]


@pytest.mark.slow
def test_the_standby_writes_nothing(city: System, pair: Pair):
    """Not by accident, not as the service."""
    a_member(city)
    store = a_store(city, pair.standby, waits=30.0)
    with pytest.raises(Busy), store.begin(research()) as uow:
        uow.operations.beat("worker", datetime.now(UTC))
    assert store.reads["standby"] == 1
    store.close()


@pytest.mark.slow
def test_a_read_that_changes_its_reason_tells_each_reason_at_the_primary(city: System, pair: Pair):
    """As at the primary: rows belong to the reason under which they were read."""
    one = a_member(city)
    store = a_store(city, pair.standby, waits=30.0)
    first, second = research(), research()
    with store.begin(first) as uow:
        uow.audit.add("export", "first", one[0], count=1)
        uow.switch(second)
        uow.audit.add("export", "second", one[0], count=1)
        uow.commit()
    told = "SELECT object FROM phr.audit_event WHERE request_id = %s"
    with city.database.admin() as connection:
        rows = [connection.execute(told, (each.request,)).fetchall() for each in (first, second)]
    assert rows == [[("first",)], [("second",)]]
    store.close()


@pytest.mark.slow
def test_rows_are_not_handed_on_when_the_primary_cannot_keep_the_audit(city: System, pair: Pair):
    """No read without a trace of it."""
    a_member(city)
    store = a_store(city, pair.standby, waits=30.0)
    with store.begin(research()) as uow:
        uow.audit.add("export", "day-summaries", UUID(int=5), count=1)
        uow._primary = Away()
        with pytest.raises(Busy):
            uow.commit()
        assert not uow.committed
    store.close()


class Away:
    """A primary that does not answer."""

    def begin(self, _access: Access) -> Any:
        raise Busy("the database does not answer")


@pytest.mark.slow
@pytest.mark.parametrize("wrong", ["nowhere", "no-standby", "another-city"])
def test_what_is_no_standby_of_this_primary_is_never_read(
    city: System, pair: Pair, server_url: str, database_url: str, wrong: str
):
    """A server that was promoted, or that somebody named by mistake, answers nobody."""
    urls = {
        "nowhere": f"postgresql://postgres@/standing?host={pair.folder}&port=9",
        "no-standby": pair.primary,
        "another-city": database_url,
    }
    one = a_member(city)
    store = a_store(city, urls[wrong], waits=0.2, rests=60.0)
    assert one[0] in read_by(store)
    assert one[0] in read_by(store)
    assert store.reads == {"standby": 0, "primary": 2}
    store.close()


@pytest.mark.slow
def test_a_primary_that_acknowledges_before_it_is_sure_has_no_fence(
    city: System, pair: Pair, admin: psycopg.Connection
):
    """With synchronous_commit off an acknowledged withdrawal may lie behind the place in the log."""
    one = a_member(city)
    with city.database.admin() as connection:
        connection.execute("ALTER ROLE phr_app SET synchronous_commit = off")
        connection.commit()
    try:
        loose = start(settings_at(pair.primary))
        store = a_store(loose, pair.standby)
        assert one[0] in read_by(store)
        assert store.reads == {"standby": 0, "primary": 1}
        store.close()
        loose.close()
    finally:
        with city.database.admin() as connection:
            connection.execute("ALTER ROLE phr_app RESET synchronous_commit")
            connection.commit()


@pytest.mark.slow
def test_what_writes_measurements_is_always_at_the_primary(city: System, pair: Pair):
    """A lock of the standby keeps nobody away."""
    one = a_member(city)
    store = a_store(city, pair.standby)
    with store.begin(research(), locked=one[0]) as uow:
        uow.commit()
    assert store.reads == {"standby": 0, "primary": 1}
    store.close()


def test_a_server_that_is_no_standby_is_left_alone_and_the_primary_answers(system: System, database_url: str):
    """What a setting names by mistake changes nothing of what is read, nor of its audit rows."""
    one, access = a_member(system), research()
    store = a_store(system, database_url, waits=0.1, rests=60.0)
    assert one[0] in read_by(store, access)
    assert store.reads == {"standby": 0, "primary": 1}
    store.close()
    with system.store.begin(Access("operator", "a", CITY, "audit", "t")) as uow:
        assert {row.action for row in uow.audit.of_person(one[0]) if row.request_id == access.request} == {
            "export"
        }


def test_without_a_standby_exports_read_as_everybody(database_url: str):
    """The setting is empty by default."""
    system = start(settings_at(database_url))
    assert system.long_reads is system.store
    system.close()


@pytest.mark.slow
def test_who_watches_sees_how_far_the_standby_is_behind(city, pair):
    """Paused, it falls behind while the primary goes on; promoted or away, it does not follow."""
    until = time.monotonic() + 120
    while (found := city.standby_behind()) is None or found.size:
        assert time.monotonic() < until
        time.sleep(0.1)
    assert found.seconds == 0
    pair.pause()
    a_person(city)
    found = city.standby_behind()
    assert found.size > 0
    assert found.seconds > 0
    figures = {name: value for name, _labels, value in city.gauges(request="t")}
    assert figures["phr_standby_answers"] == 1
    assert figures["phr_standby_behind_bytes"] > 0
    assert {one.check: one.state for one in city.doctor(request="t")}["standby"] == "ok"
    away = start(settings_at(pair.primary, replica_url=f"{pair.standby}1"))
    assert away.standby_behind() is None
    itself = start(settings_at(pair.primary, replica_url=pair.primary))
    assert itself.standby_behind() is None
    assert {name: value for name, _labels, value in itself.gauges(request="t")}["phr_standby_answers"] == 0
    assert {one.check: one.state for one in itself.doctor(request="t")}["standby"] == "warn"
    for made in (away, itself):
        made.close()


def test_who_watches_is_told_when_it_is_the_primary_that_does_not_answer():
    """As everywhere: then the figures of the standby are missing, and no page or scrape fails in a way of its own."""
    nowhere = external("postgresql://127.0.0.1:9/none", "", SECRET.encode(), patience=2)
    with pytest.raises(Busy):
        behind(nowhere.app, nowhere.app)
