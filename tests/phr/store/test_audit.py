"""The audit trail: every commit leaves its rows, and what an administrator changes afterwards is found."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest

from phr.bootstrap import start
from phr.domain.audit_verify import verify as verify_offline
from phr.domain.merkle import merkle_root
from phr.domain.query import ObservationQuery
from phr.errors import NotFound
from phr.services.trail import Trail
from phr.store.audit import AuditRow
from tests.build import agree, heart_rates
from tests.conftest import FixedClock, make_database, settings_at
from tests.phr.store.door import nurse


@pytest.fixture(scope="module")
def own_url(server_url, worker_id):
    """A database whose trail may be broken."""
    url = make_database(server_url, f"phr_audit_{worker_id}")
    system = start(settings_at(url))
    system.migrate()
    system.close()
    return url


@pytest.fixture
def dba(own_url):
    """The administrator, who may do everything but must not go unnoticed; leaves an empty trail behind."""
    with psycopg.connect(own_url, autocommit=True) as connection:
        yield connection
        connection.execute("TRUNCATE phr.audit_event, phr.audit_root")
        connection.execute(
            "UPDATE phr.audit_head SET seq = 0, hash = sha256(convert_to('phr-audit-chain-' || chain, 'UTF8'))"
        )


@pytest.fixture
def city(own_url, dba, one_day):
    """A service on that database, its clock and its trail."""
    clock = FixedClock()
    system = start(settings_at(own_url), clock)
    trail = Trail(system.store, clock, system.settings.tz, system.settings.recipient)
    yield system, clock, trail
    system.store.close()


def look(system, times=5, person=None):
    """Some reads on the record, all on one connection and so in one chain."""
    person = person or uuid4()
    for number in range(times):
        with system.store.begin(nurse(person)) as uow:
            uow.audit.add("read", "Observation", person, categories="heart", count=number)
            uow.commit()
    return person


def found(trail):
    return trail.verify(request="check").problems


def chain_of(dba, person):
    return dba.execute(
        "SELECT DISTINCT chain FROM phr.audit_event WHERE person_id = %s", (person,)
    ).fetchone()[0]


def today(trail, dba):
    row = dba.execute("SELECT (clock_timestamp() AT TIME ZONE 'Asia/Tokyo')::date").fetchone()
    return row[0].isoformat()


def test_an_untouched_trail_holds_and_knows_its_rows(city):
    """Five reads, five rows, no problem."""
    system, _clock, trail = city
    look(system)
    verdict = trail.verify(request="check")
    assert (verdict.rows, verdict.problems) == (5, [])


def test_every_service_that_reads_leaves_a_row(system, person, patient, admin):
    """Collecting, searching, reading consents: each is on the person's page."""
    from phr.services.observations import Observations

    agree(system, person, patient)
    system.receive(person, [heart_rates(datetime.now(UTC) - timedelta(hours=2), [60.0] * 10)], request="t")
    reader = Observations(system.store, system.settings.tz)
    reader.search(ObservationQuery(), {person: patient}, nurse(person))
    system.consents.all(person, actor="a", role="resident", request="t")
    rows = admin.execute(
        "SELECT action, object, purpose, n FROM phr.audit_event WHERE person_id = %s ORDER BY at", (person,)
    ).fetchall()
    assert ("collect", "Observation", "collect", 10) in rows
    assert ("search", "Observation", "guidance", 10) in rows
    assert ("read", "Consent", "consent", 1) in rows


def test_what_is_rolled_back_leaves_no_row_and_no_hole(city):
    """The rows belong to the transaction; the numbers go on without a jump."""
    system, _clock, trail = city
    person = look(system, 1)
    with system.store.begin(nurse(person)) as uow:
        uow.audit.add("read", "Observation", person)
        uow.audit.flush()
    look(system, 1, person)
    verdict = trail.verify(request="check")
    assert (verdict.rows, verdict.problems) == (2, [])


def test_a_refusal_is_recorded_in_a_transaction_of_its_own(city, dba):
    """What was refused rolls back; that it was refused stays."""
    system, _clock, trail = city
    person = uuid4()
    with pytest.raises(NotFound), system.store.begin(nurse(person)):
        raise NotFound("not yours")
    system.store.record(nurse(person), [("read", "Observation", "refused", "no-consent")])
    row = dba.execute(
        "SELECT outcome, reason, actor FROM phr.audit_event WHERE person_id = %s", (person,)
    ).fetchone()
    assert row == ("refused", "no-consent", "nurse-1")
    assert found(trail) == []


@pytest.mark.parametrize(
    "change",
    ["actor = 'nobody'", "n = 0", "categories = ''", "purpose = 'self'", "at = at + interval '1 microsecond'",
     "person_id = gen_random_uuid()", "outcome = 'refused'", "request_id = ''", "reason = 'x'", "recipient = 'y'",
     "hash = sha256(hash)", "prev = sha256(prev)"],
)  # fmt: skip
def test_a_changed_field_names_chain_and_day(city, dba, change):
    """As administrator, one field of one row."""
    system, _clock, trail = city
    person = look(system)
    chain = chain_of(dba, person)
    dba.execute(f"UPDATE phr.audit_event SET {change} WHERE chain = %s AND seq = 3", (chain,))
    assert f"{today(trail, dba)}: chain {chain} row 3 is not what was written" in found(trail)


def test_a_removed_row_names_chain_and_day(city, dba):
    """A hole in the middle."""
    system, _clock, trail = city
    chain = chain_of(dba, look(system))
    dba.execute("DELETE FROM phr.audit_event WHERE chain = %s AND seq = 3", (chain,))
    assert f"{today(trail, dba)}: chain {chain} jumps from row 2 to row 4" in found(trail)


def test_two_swapped_rows_are_found(city, dba):
    """Same rows, another order."""
    system, _clock, trail = city
    chain = chain_of(dba, look(system))
    dba.execute(
        "UPDATE phr.audit_event SET seq = CASE seq WHEN 2 THEN 103 ELSE 102 END WHERE chain = %s AND seq IN (2, 3)",
        (chain,),
    )
    dba.execute("UPDATE phr.audit_event SET seq = seq - 100 WHERE chain = %s AND seq > 100", (chain,))
    assert f"{today(trail, dba)}: chain {chain} row 2 is not what was written" in found(trail)


def test_a_forged_hash_breaks_the_row_after_it(city, dba):
    """A changed row whose own hash is made to fit."""
    system, _clock, trail = city
    person = look(system)
    chain = chain_of(dba, person)
    with system.store.begin(nurse(None, "audit")) as uow:
        row = next(one for one in uow.audit.chain_rows(chain, 0, 100) if one.seq == 3)
    forged = AuditRow(**{name: getattr(row, name) for name in AuditRow.__slots__} | {"actor": "nobody"})
    dba.execute(
        "UPDATE phr.audit_event SET actor = 'nobody', hash = sha256(prev || convert_to(%s, 'UTF8'))"
        " WHERE chain = %s AND seq = 3",
        (forged.line(), chain),
    )
    assert found(trail) == [f"{today(trail, dba)}: chain {chain} row 4 is not what was written"]


def cut(dba, chain):
    """Takes the last two rows away and makes the head fit."""
    dba.execute("DELETE FROM phr.audit_event WHERE chain = %s AND seq > 3", (chain,))
    dba.execute(
        "UPDATE phr.audit_head h SET seq = 3, hash = e.hash FROM phr.audit_event e"
        " WHERE h.chain = %s AND e.chain = h.chain AND e.seq = 3",
        (chain,),
    )


def test_a_cut_tail_is_found_by_the_head(city, dba):
    """The last rows are gone and the head still counts them."""
    system, _clock, trail = city
    chain = chain_of(dba, look(system))
    dba.execute("DELETE FROM phr.audit_event WHERE chain = %s AND seq > 3", (chain,))
    assert found(trail) == [f"chain {chain} ends at row 3, not at row 5"]


def test_a_cut_tail_with_its_head_is_found_by_the_root_of_the_day(city, dba):
    """Chains alone cannot show it, the published root does."""
    system, clock, trail = city
    chain = chain_of(dba, look(system))
    day = today(trail, dba)
    clock.tick(timedelta(days=1))
    assert [made.isoformat() for made, _root in trail.seal(request="seal")] == [day]
    assert found(trail) == []
    cut(dba, chain)
    assert found(trail) == [f"{day}: the rows of this day are not those of its root"]


def test_a_cut_tail_with_its_head_before_any_root_is_not_found(city, dba):
    """The limit, stated: until a day has its root, an administrator can cut its end off."""
    system, _clock, trail = city
    cut(dba, chain_of(dba, look(system)))
    assert found(trail) == []


def change(dba, person, seq):
    dba.execute(
        "UPDATE phr.audit_event SET actor = 'nobody' WHERE person_id = %s AND seq = %s", (person, seq)
    )


@pytest.fixture
def sealed(city):
    """A trail with five rows under a root, and where it had been proven until then; and the service that goes on."""
    system, clock, trail = city
    person = look(system)
    clock.tick(timedelta(days=1))
    assert trail.seal(request="seal", proven=trail.verify_new(request="check").proven)
    return system, trail, person


def test_the_check_of_each_hour_reads_what_came_since_the_newest_root(sealed, dba):
    """A trail of years is not read each hour; a change in what is new is found, one before it by the whole check."""
    system, trail, old = sealed
    # The rows of this test are all of today: the root becomes that of a day before, without any.
    dba.execute("UPDATE phr.audit_root SET day = day - 1, n = 0, root = %s", (merkle_root([]).hex(),))
    new = look(system, 3)
    verdict = trail.verify_new(request="check")
    assert (verdict.rows, verdict.problems) == (3, [])
    chain = chain_of(dba, new)
    change(dba, new, 7)
    verdict = trail.verify_new(request="check")
    assert verdict.problems == [f"{today(trail, dba)}: chain {chain} row 7 is not what was written"]
    assert verdict.proven[chain][0] == 5
    change(dba, old, 2)
    assert len(trail.verify_new(request="check").problems) == 1
    assert len(found(trail)) == 2


def test_the_first_check_is_of_the_whole(city, dba):
    """Without a root, or with one that says nothing of how far the chains held, nothing is taken for granted."""
    system, clock, trail = city
    person = look(system)
    assert trail.verify_new(request="check").rows == 5
    clock.tick(timedelta(days=1))
    trail.seal(request="seal")
    assert trail.verify_new(request="check").rows == 5
    dba.execute(
        "UPDATE phr.audit_root SET heads = jsonb_build_object('3', 'ab')"
    )  # as versions before noted it
    change(dba, person, 2)
    assert trail.verify_new(request="check").problems


def test_a_cut_before_what_was_proven_is_found_within_the_hour(sealed, dba):
    """Even with its head made to fit: the newest root knows how far the chain went."""
    _system, trail, person = sealed
    chain = chain_of(dba, person)
    cut(dba, chain)
    day = trail.roots(request="x")[0]["day"]
    assert trail.verify_new(request="check").problems == [
        f"chain {chain} ends at row 5, not at row 3",
        f"{day}: the rows of this day are not those of its root",
    ]


def test_a_row_that_nothing_appended_is_found(city, dba):
    """A well-made row after the end, without the head."""
    system, _clock, trail = city
    chain = chain_of(dba, look(system))
    dba.execute(
        "INSERT INTO phr.audit_event SELECT person_id, chain, seq + 1, at, request_id, role, actor, recipient, purpose,"
        " action, object, categories, n, outcome, reason, hash, sha256(hash) FROM phr.audit_event"
        " WHERE chain = %s AND seq = 5",
        (chain,),
    )
    assert f"chain {chain} has row 6, which nothing appended" in found(trail)


def test_the_separator_cannot_move_between_fields(city, dba):
    """A word that holds the separator would let two different rows have one line."""
    system, _clock, trail = city
    person = uuid4()
    with system.store.begin(nurse(person)) as uow:
        uow.audit.add("read\x1fa", "b\x1fc", person, categories="d\x1fe")
        uow.commit()
    row = dba.execute(
        "SELECT action, object, categories FROM phr.audit_event WHERE person_id = %s", (person,)
    ).fetchone()
    assert row == ("read a", "b c", "d e")
    assert found(trail) == []


def test_the_line_does_not_depend_on_the_zone_of_the_session(city, own_url):
    """The same row read with another time zone has the same line, also where that zone's offset changed since 1970."""
    system, _clock, _trail = city
    person = look(system, 1)
    lines = set()
    for zone in ("UTC", "Pacific/Auckland", "America/Sao_Paulo"):
        with psycopg.connect(own_url) as connection:
            connection.execute(f"SET timezone = '{zone}'")
            row = connection.execute(
                "SELECT * FROM phr.audit_event WHERE person_id = %s", (person,)
            ).fetchone()
            lines.add(AuditRow(*row).line())
    assert len(lines) == 1


def test_a_day_gets_one_root_once_it_is_over(city):
    """Today has none; yesterday has one, once, also when the sealing is repeated."""
    system, clock, trail = city
    look(system)
    assert trail.seal(request="seal") == []
    clock.tick(timedelta(days=1))
    assert len(trail.seal(request="seal")) == 1
    assert trail.seal(request="seal") == []
    assert len(trail.roots(request="x")) == 1


def test_sealing_waits_for_rows_that_are_under_way(city, own_url):
    """A transaction that appended before midnight and commits after it belongs to the root of its day."""
    system, clock, trail = city
    look(system)
    clock.tick(timedelta(days=1))
    made = []
    sealing = threading.Thread(target=lambda: made.extend(trail.seal(request="seal")))
    person = uuid4()
    with system.store.begin(nurse(person)) as uow:
        uow.audit.add("read", "Observation", person)
        uow.audit.flush()
        sealing.start()
        sealing.join(0.5)
        assert sealing.is_alive()
        uow.commit()
    sealing.join(60)
    assert len(made) == 1
    assert trail.roots(request="x")[0]["rows"] == 6
    assert found(trail) == []


def test_many_writers_at_once_keep_every_chain_whole(own_url, city):
    """Eight threads, fifty transactions each, while the verifier runs: no false alarm and no broken chain."""
    _system, _clock, trail = city
    writers = start(settings_at(own_url).model_copy(update={"pool_size": 8}))
    problems = []

    def work():
        person = uuid4()
        for _ in range(50):
            with writers.store.begin(nurse(person)) as uow:
                uow.audit.add("read", "Observation", person)
                uow.audit.add("read", "Patient", person)
                uow.commit()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        problems += found(trail)
    verdict = trail.verify(request="check")
    writers.store.close()
    assert problems == []
    assert (verdict.rows, verdict.problems) == (800, [])


def test_the_export_verifies_offline_and_shows_what_was_changed(city, dba):
    """The file that a resident or an auditor takes away, with the roots as published."""
    system, clock, trail = city
    person = look(system)
    clock.tick(timedelta(days=1))
    trail.seal(request="seal")

    def problems():
        lines = [json.dumps(one) for one in trail.export(request="x")]
        return verify_offline(lines, trail.roots(request="x")).problems

    assert problems() == []
    dba.execute("UPDATE phr.audit_event SET n = 99 WHERE person_id = %s AND seq = 2", (person,))
    assert (
        next(text.split(": ")[1] for text in problems())
        == f"chain {chain_of(dba, person)} row 2 is not what was written"
    )
