"""What the city owes: the register of leaks, the log of provisions, unused accounts, and the end of the service."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from phr.bootstrap import start
from phr.commands.rights import drill
from phr.domain.access import Access
from phr.errors import Conflict, Invalid, NotAllowed, NotFound
from phr.services.rights.incidents import Reported
from tests.build import CITY, heart_rates
from tests.conftest import settings_at as settings_for
from tests.phr.services.rights.scene import own, somebody, yesterday

BY = {"actor": "operator-1", "request": "test"}


def leak(system, **more):
    told = {
        "title": "a laptop was lost",
        "kind": "leak",
        "known_at": system.clock.now(),
        "persons": 1,
        "categories": ("heart",),
        "encrypted": False,
        "malicious": False,
    } | more
    return system.incidents.record(Reported(**told), **BY)


def test_a_leak_walks_through_all_its_reports(system, clock):
    """From the first day to the thirtieth: soon, late, done; nothing closes while a report is owed."""
    number = leak(system)

    def tones():
        today = clock.now().astimezone(system.settings.tz).date()
        return [one.tone(today) for one in system.incidents.one(number, **BY).timers]

    assert tones() == ["in-time", "in-time", "in-time"]
    clock.tick(timedelta(days=3))
    assert tones() == ["soon", "soon", "in-time"]
    clock.tick(timedelta(days=2))
    assert tones() == ["late", "late", "in-time"]
    assert system.incidents.due()["late"] >= 2
    system.incidents.step(number, "preliminary", **BY)
    system.incidents.step(number, "persons", **BY)
    with pytest.raises(Conflict):
        system.incidents.step(number, "closed", **BY)
    clock.tick(timedelta(days=20))
    assert tones() == ["done", "done", "soon"]
    clock.tick(timedelta(days=5))
    assert tones() == ["done", "done", "late"]
    system.incidents.step(number, "final", **BY)
    system.incidents.step(number, "closed", **BY)
    assert system.incidents.one(number, **BY).row.closed_at is not None


def test_the_people_concerned_are_found_in_the_trail_and_told_once(system, admin):
    """Everybody whose rows the account reached in these days, and nobody else."""
    seen, seen_patient = somebody(system)
    other, _patient = somebody(system)
    reader = f"leaver-{seen_patient}"
    with system.store.begin(Access("nurse", reader, CITY, "guidance", "test", seen)) as uow:
        uow.audit.add("read", "Observation", seen, count=3)
        uow.audit.add("read", "Observation", other, outcome="refused", reason="no-consent")
        uow.commit()
    number = leak(system, persons=0, malicious=True)
    today = system.clock.now().astimezone(system.settings.tz).date()
    assert system.incidents.concerned(number, reader, today, today, **BY) == 1
    assert system.incidents.one(number, **BY).row.persons == 1
    assert system.incidents.tell(number, **BY) == 1
    assert system.incidents.tell(number, **BY) == 0
    posted = admin.execute(
        "SELECT person_id FROM phr.outbox WHERE idempotency_key = %s", (f"incident:{number}",)
    ).fetchall()
    assert [row[0] for row in posted] == [seen]
    assert [one.what for one in system.incidents.one(number, **BY).timers if one.done] == ["persons"]


def test_the_draft_has_the_nine_items_and_names_nobody(system):
    """What is not known yet says so."""
    _person, patient = somebody(system)
    number = leak(system, facts={"cause": "it was left in a train"})
    text = system.incidents.draft(number, **BY)
    assert all(f"\n{n}. " in text for n in range(1, 10))
    assert "it was left in a train" in text
    assert "（調査中）" in text
    assert patient not in text
    assert "訓練" not in text


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": " "}, "title"),
        ({"kind": "flood"}, "kind"),
        ({"persons": -1}, "persons"),
        ({"categories": ("horoscope",)}, "categories"),
        ({"categories": ()}, "categories"),
        ({"facts": {"who": "x"}}, "facts"),
        ({"known_at": datetime(2999, 1, 1, tzinfo=UTC)}, "known_at"),
    ],
)
def test_an_incident_that_cannot_be_is_refused(system, wrong, field):
    """The clock starts from something that is known."""
    with pytest.raises(Invalid) as caught:
        leak(system, **wrong)
    assert caught.value.field == field


def test_steps_and_people_of_an_incident_that_is_none(system):
    """Not found, whichever way."""
    from uuid import uuid4

    for call in (
        lambda: system.incidents.step(uuid4(), "final", **BY),
        lambda: system.incidents.tell(uuid4(), **BY),
        lambda: system.incidents.draft(uuid4(), **BY),
        lambda: system.incidents.concerned(uuid4(), "a", date(2026, 1, 1), date(2026, 1, 2), **BY),
    ):
        with pytest.raises(NotFound):
            call()
    with pytest.raises(Invalid):
        system.incidents.step(uuid4(), "nap", **BY)
    with pytest.raises(Invalid):
        system.incidents.concerned(uuid4(), "a", date(2026, 1, 2), date(2026, 1, 1), **BY)


def test_the_drill_finds_its_two_people_and_tells_nobody(system, admin):
    """A simulated leak on the people that there are: found, drafted, closed; no message leaves."""
    somebody(system)
    somebody(system)
    done = drill(system)
    assert done["found_in_the_trail"] >= 2
    assert done["closed"]
    posted = admin.execute(
        "SELECT count(*) FROM phr.outbox WHERE idempotency_key = %s", (f"incident:{done['incident']}",)
    ).fetchone()
    assert posted == (0,)
    assert "訓練です" in system.incidents.draft(system.incidents.listed(**BY)[0].row.incident_id, **BY)


def test_a_release_is_in_the_log_of_provisions_once_and_goes_after_three_years(system, clock, admin):
    """第三者提供記録: date, recipient, items, persons, ground."""
    person, _patient = somebody(system)
    number = f"r-{person.hex[:8]}"
    admin.execute(
        "INSERT INTO phr.release (release_id, recipient, state, protocol, created_at, published_at) VALUES"
        " (%s, 'Organization/univ-a', 'published', '{\"variables\": [\"steps\", \"age\"]}', now(), now())",
        (number,),
    )
    admin.execute(
        "INSERT INTO phr.release_member (person_id, release_id, recipient, consents, at)"
        " VALUES (%s, %s, 'Organization/univ-a', '[]', now())",
        (person, number),
    )
    system.provisions.gather(request="test")
    mine = [one for one in system.provisions.listed(**BY) if one.provision_key == f"release:{number}"]
    assert [(one.recipient, one.items, one.persons, one.basis) for one in mine] == [
        ("Organization/univ-a", ["steps", "age"], 1, "consent")
    ]
    system.provisions.note("h-1", "insurer", "00123456", ["guidance"], 3, "law", request="test")
    with pytest.raises(Invalid):
        system.provisions.note("h-2", "insurer", "00123456", ["guidance"], 3, "whim", request="test")
    clock.tick(timedelta(days=3 * 366))
    admin.execute("DELETE FROM phr.release WHERE release_id = %s", (number,))
    system.provisions.gather(request="test")
    keys = {one.provision_key for one in system.provisions.listed(**BY)}
    assert not keys & {f"release:{number}", "h-1"}


def test_unused_accounts_are_told_and_then_deleted_unless_somebody_signs_in(database_url, clock, admin):
    """R8-20: off by default; a notice, a period, and every sign-in ends it."""
    system = start(settings_for(database_url, inactive_months=12, inactive_notice_days=30), clock)
    people = [somebody(system) for _ in range(2)]
    for person, patient in people:
        system.accounts.put(
            patient, "resident", recipient=f"Patient/{patient}", person=person, request="test"
        )
        admin.execute(
            "UPDATE phr.account SET created_at = now() - interval '2 years' WHERE subject = %s", (patient,)
        )
    (gone, _gone_patient), (back, back_patient) = people
    system.ending.inactive(request="test")
    system.ending.inactive(request="test")
    rows = admin.execute(
        "SELECT person_id FROM phr.outbox WHERE payload->>'template' = 'rights.inactive' AND person_id = ANY (%s)",
        ([gone, back],),
    ).fetchall()
    assert sorted(row[0] for row in rows) == sorted([gone, back])
    clock.tick(timedelta(hours=1))
    system.accounts.issue(back_patient, "web", purpose="self", request="test")
    assert system.ending.came_back(request="test") >= 1
    clock.tick(timedelta(days=31))
    system.erasing.round(request="test")
    with pytest.raises(NotFound):
        system.register.patient_id(gone)
    assert system.register.patient_id(back) == back_patient
    system.close()


def test_nothing_is_announced_where_the_city_has_set_nothing(system):
    """Zero months is never."""
    assert system.ending.inactive(request="test") == 0


def test_after_the_end_the_record_is_read_and_taken_out_and_nothing_comes_in(system, clock):
    """R8-19: collectors stop, new consents are refused, withdrawing works, and so does taking everything."""
    person, patient = somebody(system)
    today = clock.now().astimezone(system.settings.tz).date()
    assert system.ending.known() is None
    with pytest.raises(Invalid):
        system.ending.end(today, 0, **BY)
    with pytest.raises(Invalid):
        system.ending.end(today - timedelta(days=1), 6, **BY)
    try:
        end = system.ending.end(today, 6, **BY)
        assert (end.read_only, end.ends_on) == (True, today)
        assert end.export_until > today + timedelta(days=180)
        with pytest.raises(NotAllowed):
            system.receive(person, [heart_rates(yesterday() - timedelta(days=1), [70.0])], request="test")
        held = system.consents.all(person, actor=patient, role="resident", request="test")[0]
        system.consents.withdraw(person, str(held.consent.id), actor=patient, role="resident", request="test")
        from tests.build import agree

        with pytest.raises(NotAllowed):
            agree(system, person, patient)
        job = system.take_outs.ask(person, own(person, patient))
        assert system.take_outs.listed(person, own(person, patient))[0].job_id == job
    finally:
        assert system.ending.go_on(**BY)
    assert not system.ending.go_on(**BY)


def test_an_end_that_lies_ahead_stops_nothing_yet(system, clock):
    """Until the day, everything goes on."""
    person, _patient = somebody(system)
    today = clock.now().astimezone(system.settings.tz).date()
    try:
        system.ending.end(today + timedelta(days=90), 12, **BY)
        receipt = system.receive(
            person, [heart_rates(yesterday() - timedelta(days=1), [70.0])], request="test"
        )
        assert receipt.stored == 1
        assert not system.ending.known().read_only
    finally:
        system.ending.go_on(**BY)
