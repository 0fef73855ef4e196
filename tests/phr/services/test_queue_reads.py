"""The queue and what is shown of it: who is only counted is not looked at, and lists are read a page at a time."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from phr.services.evaluation import programmes
from tests.build import blood_pressure
from tests.phr.services.scenes import a_person, nurse, rows_of
from tests.phr.services.test_programmes import PLAN

NURSE = "nurse-queue"


@pytest.fixture
def red(system, clock):
    """Two people with one red case each."""
    people = [a_person(system)[0] for _ in range(2)]
    for person in people:
        system.receive(person, [blood_pressure(clock.now() - timedelta(minutes=1), 192, 112)], request="t")
    return people


def looks(admin, person):
    """How often the trail says that the nurse saw the person's case in a list."""
    found = rows_of(admin, "audit_event", person, "actor, action, object")
    return found.count((NURSE, "list", "case"))


def test_a_place_in_the_queue_is_counted_and_only_who_is_shown_was_looked_at(system, admin, red):
    """A list of 25 rows must not tell 500 people that a nurse looked at them."""
    waiting = [one for one in system.worklist.queue(nurse(NURSE), limit=10_000) if one.person_id in set(red)]
    assert {one.person_id for one in waiting} == set(red)
    assert [looks(admin, person) for person in red] == [0, 0]
    (shown,) = system.worklist.shown(waiting[:1], nurse(NURSE)).values()
    assert shown.person.person_id == shown.item.person_id == waiting[0].person_id
    assert sorted(looks(admin, person) for person in red) == [0, 1]


def test_the_queue_has_the_order_of_the_list_and_says_what_its_limits_need(system, red):
    """Two readings of one queue: a case never stands elsewhere because less of it was read."""
    queue = system.worklist.queue(nurse(NURSE), limit=10_000)
    listed = [row.item for row in system.worklist.listed(nurse(NURSE), limit=10_000)]
    known = {one.item_id for one in listed}
    assert [one.item_id for one in queue if one.item_id in known] == [one.item_id for one in listed]
    one = next(each for each in queue if each.person_id == red[0])
    item = next(each for each in listed if each.person_id == red[0])
    assert (one.kind, one.priority, one.rank, one.opened_at, one.holder, one.category) == (
        (item.kind, item.priority, item.rank, item.opened_at, item.holder, item.category)
    )
    assert one.device == str(item.basis.get("device") or "")


def test_a_case_whose_consent_ended_is_neither_queued_nor_shown(system, red):
    """The place that a page still holds opens nothing."""
    (before,) = [one for one in system.worklist.queue(nurse(NURSE), limit=10_000) if one.person_id == red[0]]
    for held in system.consents.all(red[0], actor="me", role="resident", request="t"):
        system.consents.withdraw(red[0], held.consent.id, actor="me", role="resident", request="t")
    assert red[0] not in {one.person_id for one in system.worklist.queue(nurse(NURSE), limit=10_000)}
    assert system.worklist.shown([before], nurse(NURSE)) == {}


def test_what_happened_is_one_row_for_each_case_in_the_order_of_its_events(system, clock, red):
    """The numbers of a year are counted by case; what is read of one case costs more than the counting."""
    (one,) = [each for each in system.worklist.queue(nurse(NURSE), limit=10_000) if each.person_id == red[0]]
    began, contacted = clock.now() - timedelta(minutes=5), clock.now() + timedelta(hours=2)
    until = contacted + timedelta(minutes=1)

    def happened(since):
        with system.store.begin(nurse(NURSE)) as uow:
            rows = uow.worklist.happened(since, until)
        assert all(list(moments) == sorted(moments) for _, _, moments in rows)
        return Counter((kind.partition(":")[0], tuple(events)) for kind, events, _ in rows)

    before = happened(began), happened(contacted)
    system.worklist.claim(one.item_id, nurse(NURSE))
    clock.tick(contacted - clock.now())
    system.worklist.contact(one.item_id, nurse(NURSE), "phone-reached")
    assert happened(began) - before[0] == {("alarm", ("opened", "claimed", "contact:phone-reached")): 1}
    assert happened(contacted) - before[1] == {("alarm", ("contact:phone-reached",)): 1}


def test_members_of_a_programme_are_read_a_page_at_a_time(system, admin, monkeypatch):
    """By kana; who is on another page was not looked at, and a page that is not there is the last."""
    monkeypatch.setattr(programmes, "PAGE", 2)
    programme = system.programmes.make(PLAN, nurse())
    people = [a_person(system) for _ in range(3)]
    system.programmes.add(programme, [patient for _, patient in people], "invited", nurse(), on=PLAN.starts)
    pages = [system.programmes.opened(programme, nurse(NURSE), page) for page in (1, 2, 9)]
    assert [(one.page, one.pages, one.seen, len(one.members)) for one in pages] == [
        (1, 2, 3, 2),
        (2, 2, 3, 1),
        (2, 2, 3, 1),
    ]
    first, last = ([person.person_id for _, person in one.members] for one in pages[:2])
    assert sorted(first + last) == sorted(person for person, _ in people)
    seen = [
        rows_of(admin, "audit_event", person, "actor, object").count((NURSE, "programme-member"))
        for person in (*first, *last)
    ]
    assert seen == [1, 1, 2]
    assert system.programmes.opened(system.programmes.make(PLAN, nurse()), nurse()).pages == 1
