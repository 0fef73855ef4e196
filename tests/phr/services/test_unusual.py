"""Unusual access over the real trail: found once, on the review, counted; names stay where they are."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from phr.domain.access import Access
from phr.errors import NotFound
from phr.services.reviews import Reviews
from tests.build import CITY

pytestmark = pytest.mark.db


def test_a_look_at_a_watched_person_comes_to_the_review_once_and_is_counted(system, person, patient):
    """Named by the city, looked at, found, reviewed."""
    actor = f"nurse-{uuid4().hex[:6]}"
    with pytest.raises(NotFound):
        system.unusual.watch("p-nobody-at-all", "known in town", actor="t", request="t")
    system.unusual.watch(patient, "known in town", actor="t", request="t")
    system.unusual.round(request="t")  # what others left in the trail of this database
    before = system.unusual.counts(request="t")["watched"]
    system.store.record(
        Access("nurse", actor, CITY, "guidance", "t", person), [("read", "Observation", "ok", "")]
    )
    assert system.unusual.round(request="t").get("watched") == 1
    assert system.unusual.round(request="t").get("watched") is None
    assert system.unusual.counts(request="t")["watched"] == before + 1
    reviews = Reviews(system.store, CITY, system.clock, system.settings.tz)
    one = next(
        each
        for each in reviews.listed(actor="op", request="t")
        if (each.actor, each.reason) == (actor, "watched")
    )
    assert (one.kind, one.reason, one.person) == ("unusual", "watched", person)
    reviews.record(one.ident, "justified", "担当の案件", actor="op", request="t")
    again = next(each for each in reviews.listed(actor="op", request="t") if each.ident == one.ident)
    assert again.finding.note == "担当の案件"
    system.unusual.watch(patient, "", actor="t", request="t")
    with system.store.begin(Access("registrar", "t", CITY, "register", "t")) as uow:
        assert uow.findings.watched([person]) == set()
        uow.commit()
    rows = system.trail.of_person(person, actor=patient, request="t")
    assert {"watch", "unwatch", "unusual", "review"} <= {row.action for row in rows}


def test_a_protective_measure_is_watched_without_being_named(system, admin, person):
    """支援措置: the register's mark is enough."""
    admin.execute("UPDATE phr.person SET guarded = true WHERE person_id = %s", (person,))
    with system.store.begin(Access("registrar", "t", CITY, "register", "t")) as uow:
        assert uow.findings.watched([person]) == {person}
        uow.commit()


def test_the_namesake_of_an_account_and_their_home_are_known_to_the_rules(system, admin, person):
    """A staff member who is a resident too: own record, and somebody at the same address."""
    name, subject = f"壱岐 {uuid4().hex[:5]}", f"nurse-{uuid4().hex[:6]}"
    other = uuid4()
    admin.execute("UPDATE phr.person SET name = %s WHERE person_id = %s", (name, person))
    admin.execute(
        "INSERT INTO phr.person (person_id, patient_id, name) VALUES (%s, %s, '別の 人')",
        (other, f"p-{other.hex[:10]}"),
    )
    for one in (person, other):
        admin.execute(
            "INSERT INTO phr.person_address (person_id, text, address_key) VALUES (%s, 'x', %s)"
            " ON CONFLICT (person_id) DO UPDATE SET address_key = excluded.address_key",
            (one, name),
        )
    system.accounts.put(subject, "nurse", recipient=CITY, display=name, request="t")
    for one in (person, other):
        system.store.record(
            Access("nurse", subject, CITY, "guidance", "t", one), [("read", "Observation", "ok", "")]
        )
    new = system.unusual.round(request="t")
    assert new.get("own-record") == 1
    assert new.get("household") == 1


def test_the_trail_is_read_for_the_accounts_of_staff_alone_and_of_too_many_rows_the_newest(
    system, person, patient
):
    """A city leaves hundreds of thousands of rows a day; what residents leave is no part of them."""
    actor = f"nurse-{uuid4().hex[:6]}"
    begun = system.clock.now() - timedelta(minutes=1)
    looks = [("resident", patient, "self"), ("nurse", actor, "guidance"), ("nurse", actor, "guidance")]
    for role, who, purpose in looks:
        system.store.record(
            Access(role, who, CITY, purpose, "t", person), [("read", "Observation", "ok", "")]
        )
    with system.store.begin(Access("system", "t", CITY, "audit", "t")) as uow:
        both = uow.audit.since(begun, {"nurse", "resident"}, [actor, patient])
        staff = uow.audit.since(begun, {"nurse"}, [actor, patient])
        newest = uow.audit.since(begun, {"nurse"}, [actor], limit=1)
        active = dict(uow.audit.actors(begun, {"nurse"}))
        none = uow.audit.since(begun, set(), [actor])
        uow.commit()
    assert {(row.actor, row.role) for row in both} == {(patient, "resident"), (actor, "nurse")}
    assert [(row.actor, row.role) for row in staff] == [(actor, "nurse")] * 2
    assert newest == staff[1:]
    assert (active[actor], patient in active) == (2, False)
    assert none == []


def test_a_round_that_reads_account_by_account_finds_the_same(system, person, patient, monkeypatch):
    """What is in memory at once has a bound, and no finding depends on it."""
    system.unusual.watch(patient, "known in town", actor="t", request="t")
    actors = [f"nurse-{uuid4().hex[:6]}" for _ in range(3)]
    for actor in actors:
        system.store.record(
            Access("nurse", actor, CITY, "guidance", "t", person), [("read", "Observation", "ok", "")]
        )
    monkeypatch.setattr("phr.services.unusual._ROWS", 1)
    assert system.unusual.round(request="t")["watched"] == len(actors)
    assert system.unusual.round(request="t") == {}
