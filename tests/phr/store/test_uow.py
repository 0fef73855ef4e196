"""Units of work: connections that die are replaced, isolation is READ COMMITTED, withdrawal counts at once."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from phr.domain.query import ObservationQuery
from phr.errors import Busy, Conflict, PhrError
from phr.services.observations import Observations
from phr.store.tables import Person
from tests.build import agree, heart_rates
from tests.phr.store.door import enter, nurse, oneself

START = datetime(2026, 6, 1, 0, tzinfo=UTC)
FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)


def backend(uow):
    return uow.audit._connection.info.backend_pid


def somebody(person, patient, sex="female"):
    return Person(
        person_id=person,
        patient_id=patient,
        name="",
        kana="",
        sex=sex,
        district="",
        insurer_no="",
        birth_date=None,
    )


def kill(admin, pid):
    """Ends a session as the server's operator would, and waits until it is gone."""
    admin.execute("SELECT pg_terminate_backend(%s, 60000)", (pid,))


def test_a_connection_that_the_server_closed_is_replaced_without_an_error(system, admin):
    """The pool holds a dead connection; the next caller does not notice."""
    with system.store.begin(nurse()) as uow:
        pid = backend(uow)
    kill(admin, pid)
    with system.store.begin(nurse()) as uow:
        assert backend(uow) != pid
        uow.commit()


def test_all_connections_of_the_pool_may_have_died(system, admin):
    """After a restart of the server every pooled connection is dead, not only the first."""
    barrier = threading.Barrier(3)
    pids = set()

    def hold():
        with system.store.begin(nurse()) as uow:
            pids.add(backend(uow))
            barrier.wait(60)

    threads = [threading.Thread(target=hold) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pids) == 3
    for pid in pids:
        kill(admin, pid)
    for _ in range(3):
        with system.store.begin(nurse()) as uow:
            assert backend(uow) not in pids


def test_a_connection_that_dies_in_a_transaction_is_busy_and_the_next_works(system, admin):
    """What was under way is undone and said; nothing is tried twice behind the caller's back."""
    person = uuid4()

    def under_way():
        with system.store.begin(nurse(person)) as uow:
            uow.audit.add("read", "Observation", person)
            uow.audit.flush()
            kill(admin, backend(uow))
            uow.commit()

    with pytest.raises(Busy):
        under_way()
    assert admin.execute(
        "SELECT count(*) FROM phr.audit_event WHERE person_id = %s", (person,)
    ).fetchone() == (0,)
    with system.store.begin(nurse()) as uow:
        uow.commit()


def test_leaving_without_a_commit_undoes_everything(system, admin):
    """Only a commit makes anything stay."""
    person = uuid4()
    with system.store.begin(nurse(person, "register")) as uow:
        uow.people.put(somebody(person, str(person)))
    assert admin.execute("SELECT count(*) FROM phr.person WHERE person_id = %s", (person,)).fetchone() == (0,)


def test_an_error_of_the_caller_passes_unchanged_and_gives_the_connection_back(system):
    """The store translates what the database says, and nothing else."""
    for _ in range(20):  # more often than there are connections
        with pytest.raises(KeyError, match="mine"), system.store.begin(nurse()):
            raise KeyError("mine")


def test_what_exists_already_is_a_conflict_without_its_value(system, person, patient):
    """PostgreSQL would quote the key."""
    with pytest.raises(Conflict) as quick, system.store.begin(nurse(None, "register")) as uow:
        uow.people.put(somebody(uuid4(), patient))
    assert patient not in str(quick.value)
    assert quick.value.__cause__ is None
    assert quick.value.__suppress_context__


def test_a_statement_that_the_database_refuses_is_an_error_of_the_service(system, person):
    """SQLSTATE and names of tables only: enough to find it, nothing of anybody."""
    words = "refused a statement: 23514 person person_sex_check"
    with (
        pytest.raises(PhrError, match=words) as refused,
        system.store.begin(nurse(person, "register")) as uow,
    ):
        uow.people.put(somebody(person, "p", sex="somebody's secret"))
    assert "secret" not in str(refused.value)


def test_every_connection_of_the_service_reads_committed_and_in_utc(system, admin, database_url):
    """READ COMMITTED is what makes a withdrawal count for the next statement; also where the server's default differs."""
    here = f"ALTER ROLE phr_app IN DATABASE {conninfo_to_dict(database_url)['dbname']}"  # others share the server
    admin.execute(f"{here} SET default_transaction_isolation = 'repeatable read'")
    try:
        with system.store.begin(nurse()) as uow:
            row = uow.audit._connection.execute(
                "SELECT current_setting('transaction_isolation'), current_setting('TimeZone')"
            ).fetchone()
    finally:
        admin.execute(f"{here} RESET default_transaction_isolation")
    assert row == ("read committed", "UTC")


@pytest.fixture
def watched(system, person, patient):
    """A person with thirty days of heart rates, who agreed to guidance."""
    consent = agree(system, person, patient)
    for day in range(30):
        system.receive(
            person, [heart_rates(START + timedelta(days=day), [60.0 + n for n in range(20)])], request="t"
        )
    return consent


def withdraw(system, person, patient, consent):
    system.consents.withdraw(person, consent, actor=patient, role="resident", request="t")


def test_the_next_statement_after_a_withdrawal_sees_nothing(system, person, patient, watched):
    """Even in a transaction that was open before."""
    with system.store.begin(nurse(person)) as uow:
        assert len(uow.vitals.days(person, ["8867-4"], FIRST, LAST)) == 30
        withdraw(system, person, patient, watched)
        assert uow.vitals.days(person, ["8867-4"], FIRST, LAST) == []
        assert uow.vitals.chunks(person, ["8867-4"], FIRST, LAST) == []
        assert uow.people.get(person) is None


def test_the_next_page_after_a_withdrawal_is_empty(system, person, patient, watched):
    """A paging token is a place, not a permission."""
    reader = Observations(system.store, system.settings.tz)
    page = reader.search(ObservationQuery(count=50), {person: patient}, nurse(person))
    assert len(page.found) == 50
    assert page.more is not None
    withdraw(system, person, patient, watched)
    following = reader.search(ObservationQuery(count=50, cursor=page.more), {person: patient}, nurse(person))
    assert list(following.found) == []


def test_the_person_still_sees_their_own_record_after_a_withdrawal(system, person, patient, watched):
    """Withdrawing closes it to others."""
    withdraw(system, person, patient, watched)
    with system.store.begin(oneself(person)) as uow:
        assert len(uow.vitals.days(person, ["8867-4"], FIRST, LAST)) == 30


def test_an_old_snapshot_and_an_open_cursor_would_go_on_reading(system, app, person, patient, watched):
    """Why the service uses neither: REPEATABLE READ and cursors show what was visible when they began."""
    app.rollback()
    app.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    enter(system, app, nurse(person))
    query = "SELECT count(*) FROM phr.vital_day WHERE person_id = %s"
    assert app.execute(query, (person,)).fetchone() == (30,)
    withdraw(system, person, patient, watched)
    assert app.execute(query, (person,)).fetchone() == (30,)
    app.rollback()
    app.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
    enter(system, app, nurse(person))
    assert app.execute(query, (person,)).fetchone() == (0,)


def test_writing_after_a_withdrawal_is_refused_by_the_database(system, app, person, patient, watched):
    """Collecting ends with the consent, also for a writer that had asked before."""
    enter(system, app, nurse(person, "collect"))
    withdraw(system, person, patient, watched)
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute(
            "INSERT INTO phr.vital_chunk VALUES (%s, '8867-4', '2026-06-01', %s, 'heart', 1, now(), now(), 1, now(), '')",
            (person, person),
        )
