"""Reads of one page share a transaction, and still each has its own reason, its own audit rows, and its own end."""

from __future__ import annotations

import threading
from dataclasses import replace
from uuid import uuid4

import pytest

from phr.errors import Conflict, NotFound, PhrError
from phr.store.together import Together
from phr.store.uow import Store
from tests.build import agree
from tests.phr.store.door import nurse


def asking(person, request):
    """A nurse's reason in one request."""
    return replace(nurse(person), request=request)


def started(uow):
    """The instant at which the transaction of a unit of work began, with its process."""
    return uow.documents._connection.execute("SELECT pg_backend_pid(), now()").fetchone()


def rows_of(admin, request):
    """What the trail holds of a request: reason, object and person."""
    return admin.execute(
        "SELECT purpose, object, person_id FROM phr.audit_event WHERE request_id = %s ORDER BY chain, seq",
        (request,),
    ).fetchall()


def read(store, access, what, person):
    with store.begin(access) as uow:
        uow.audit.add("read", what, person)
        uow.commit()


def test_what_is_read_together_is_one_transaction(system):
    """A page pays once for beginning, context and end."""
    with system.store.together():
        with system.store.begin(nurse()) as uow:
            first = started(uow)
            uow.commit()
        with system.store.begin(nurse()) as uow:
            assert started(uow) == first
    with system.store.begin(nurse()) as uow:
        assert started(uow) != first


def test_each_read_is_in_the_trail_under_its_own_reason(system, admin):
    """A page that reads for two purposes about two people leaves what four transactions would have left."""
    request, here, there = uuid4().hex, uuid4(), uuid4()
    one = asking(here, request)
    other = one.for_purpose("points").about(there)
    with system.store.together():
        for access, what, person in (
            (one, "a", here),
            (other, "b", there),
            (one, "c", here),
            (other, "d", there),
        ):
            read(system.store, access, what, person)
    assert sorted(rows_of(admin, request), key=lambda row: row[1]) == [
        ("guidance", "a", here),
        ("points", "b", there),
        ("guidance", "c", here),
        ("points", "d", there),
    ]


def test_a_switch_within_a_part_keeps_its_rows_apart(system, admin):
    """What was read before a switch belongs to the reason of before."""
    request, person = uuid4().hex, uuid4()
    access = asking(person, request)
    with system.store.together(), system.store.begin(access) as uow:
        uow.audit.add("read", "before", person)
        uow.switch(access.for_purpose("points"))
        uow.audit.add("read", "after", person)
        uow.commit()
    assert sorted(rows_of(admin, request)) == [("guidance", "before", person), ("points", "after", person)]


def test_rows_of_a_part_that_was_not_committed_are_not_kept(system, admin):
    """As in a transaction of its own: who leaves without a commit has read nothing that counts."""
    request, person = uuid4().hex, uuid4()
    access = asking(person, request)
    with system.store.together():
        with system.store.begin(access) as uow:
            uow.audit.add("read", "dropped", person)
        read(system.store, access, "kept", person)
    assert [row[1] for row in rows_of(admin, request)] == ["kept"]


def test_an_error_of_the_page_leaves_the_rows_of_what_was_read(system, admin):
    """What somebody has read stays in the trail, even if the page came to nothing afterwards."""
    request, person = uuid4().hex, uuid4()
    access = asking(person, request)

    def page():
        with system.store.together():
            read(system.store, access, "read", person)
            raise NotFound("no such page")

    with pytest.raises(NotFound, match="no such page"):
        page()
    assert [row[1] for row in rows_of(admin, request)] == ["read"]


def test_a_part_that_fails_takes_back_what_it_wrote_and_the_rest_goes_on(system, admin):
    """The page may know how to do without a part; its transaction is another one then."""
    request, person = uuid4().hex, uuid4()
    access = asking(person, request)

    def refused():
        with system.store.begin(access) as uow:
            uow.audit.add("read", "refused", person)
            raise Conflict("not now")

    with system.store.together():
        read(system.store, access, "before", person)
        with pytest.raises(Conflict):
            refused()
        read(system.store, access, "after", person)
    assert sorted(row[1] for row in rows_of(admin, request)) == ["after", "before"]


def test_an_error_of_the_database_is_told_as_ever_and_spoils_no_other_part(system, admin):
    """A statement that fails ends its transaction; the next part has a new one."""
    request, person = uuid4().hex, uuid4()
    access = asking(person, request)

    def broken():
        with system.store.begin(access) as uow:
            uow.documents._connection.execute("SELECT 1 / 0")

    with system.store.together():
        read(system.store, access, "before", person)
        with pytest.raises(PhrError):
            broken()
        read(system.store, access, "after", person)
    assert sorted(row[1] for row in rows_of(admin, request)) == ["after", "before"]


def test_a_unit_of_work_within_another_has_its_own_transaction(system):
    """Two that are open at a time cannot share a context."""
    with system.store.together(), system.store.begin(nurse()) as outer:
        with system.store.begin(nurse()) as inner:
            assert started(inner) != started(outer)
        assert started(outer)[0] == started(outer)[0]


def test_a_refusal_is_kept_whatever_becomes_of_the_page(system, admin):
    """It is written in its own transaction, before anything else can fail."""
    request, person = uuid4().hex, uuid4()
    access = asking(person, request)
    with system.store.together():
        system.store.record(access, [("read", "glass", "refused", "factors")])
        assert [row[1] for row in rows_of(admin, request)] == ["glass"]


def test_nothing_is_opened_for_a_page_that_reads_nothing(system, monkeypatch):
    """A page whose reads are all kept elsewhere asks the database nothing."""
    begun = []
    monkeypatch.setattr(Store, "begin", lambda *given: begun.append(given))
    with system.store.together():
        assert begun == []
    assert begun == []


def test_pages_within_pages_end_together(system, admin):
    """A page that is made of another one is still one transaction."""
    request, person = uuid4().hex, uuid4()
    access = asking(person, request)
    with system.store.together():
        with system.store.together():
            read(system.store, access, "inner", person)
        assert rows_of(admin, request) == []
        read(system.store, access, "outer", person)
    assert len(rows_of(admin, request)) == 2


def test_another_store_has_its_own_transactions(system):
    """Two systems in one process do not meet in one transaction."""
    other = Together(system.store._engine, system.sealer)
    with system.store.together(), system.store.begin(nurse()) as uow:
        here = started(uow)
        with other.begin(nurse()) as elsewhere:
            assert started(elsewhere) != here


def test_a_withdrawal_in_between_counts_for_what_is_read_next(system, person, patient):
    """One transaction is no snapshot: consent is asked by every statement."""
    consent = agree(system, person, patient, purposes=("guidance",))
    seen = []

    def look():
        with system.store.begin(nurse()) as uow:
            seen.append(uow.people.get(person) is not None)

    with system.store.together():
        look()
        withdrawing = threading.Thread(
            target=lambda: system.consents.withdraw(
                person, consent, actor=patient, role="resident", request="t"
            )
        )
        withdrawing.start()
        withdrawing.join()
        look()
    assert seen == [True, False]
