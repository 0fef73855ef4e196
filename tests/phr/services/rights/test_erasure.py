"""Erasure: no row with a person is left, everybody else is untouched, and a restored backup is erased again (R8-5)."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from phr.domain.days import day_at
from phr.domain.rights_rules import rules
from phr.errors import Conflict, NotFound, PhrError
from phr.services.rights.erasing import read_marks
from phr.store.sealed_files import SealedFiles
from tests.conftest import settings_at as settings_for
from tests.phr.services.rights.scene import own, somebody
from tests.phr.store.door import fill, personal_tables

KEPT = {one.table for one in rules().keep if one.table}


@pytest.fixture(autouse=True)
def _folder(system, tmp_path):
    system.sealed_files = SealedFiles(tmp_path / "take-out")


def held(admin, person):
    """How many rows each table has about a person, by any column that names people."""
    columns = admin.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'phr'"
        " AND column_name IN ('person_id', 'guardian_id', 'child_id')"
    ).fetchall()
    found = {}
    for table, column in columns:
        row = admin.execute(f'SELECT count(*) FROM phr."{table}" WHERE "{column}" = %s', (person,)).fetchone()
        if row[0]:
            found[table] = found.get(table, 0) + row[0]
    return found


def test_every_table_with_a_person_can_be_forgotten_or_says_why_not(admin):
    """A table that somebody adds tomorrow is either emptied by an erasure or named in rights.toml."""
    doors = {
        row[0]
        for row in admin.execute(
            "SELECT c.relname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE p.polname = 'forgotten'"
        ).fetchall()
    }
    assert set(personal_tables(admin)) - doors == {"audit_event", "release_member"}
    assert {"audit_event", "release_member"} <= KEPT


def test_after_an_erasure_no_table_holds_the_person_and_all_others_are_untouched(system, admin):
    """The catalogue is walked: one row in every table for two people, one is erased."""
    gone, gone_patient = somebody(system)
    stays, _patient = somebody(system)
    for person in (gone, stays):
        admin.execute("DELETE FROM phr.person_key WHERE person_id = %s", (person,))
        fill_rest(admin, person)
    before = held(admin, stays)
    done = system.erasing(gone, "by-the-person", request="test")
    assert set(held(admin, gone)) <= {"audit_event", "release_member"}
    after = held(admin, stays)
    assert after == before
    assert set(done.counts) >= {"person", "vital_chunk", "resource", "vital_source"}
    search = admin.execute("SELECT count(*) FROM phr.resource WHERE body LIKE %s", (f"%{gone_patient}%",))
    assert search.fetchone()[0] == 0


def fill_rest(admin, person):
    """One row in every table where the person has none yet."""
    missing = set(personal_tables(admin)) - set(held(admin, person)) - {"audit_event"}
    from tests.phr.store import door

    kept = door.personal_tables
    door.personal_tables = lambda _admin: sorted(missing)
    try:
        fill(admin, person)
    finally:
        door.personal_tables = kept


def test_the_tombstone_says_when_and_how_many_and_not_who(system, admin):
    """A keyed hash, the ground, counts; neither the id nor the name."""
    person, patient = somebody(system)
    done = system.erasing(person, "by-the-person", request="test")
    row = admin.execute(
        "SELECT t::text, ground FROM phr.tombstone t WHERE mark = %s", (done.mark,)
    ).fetchone()
    assert row[1] == "by-the-person"
    for secret in (str(person), patient, "常盤", person.hex):
        assert secret not in row[0]


def test_the_trail_still_holds_and_knows_the_pseudonym_only(system, admin):
    """Append-only means that the rows stay: they name an id that leads to nobody any more."""
    person, _patient = somebody(system)
    system.erasing(person, "by-the-person", request="test")
    assert system.trail.verify(request="test").ok
    rows = admin.execute("SELECT action FROM phr.audit_event WHERE person_id = %s", (person,)).fetchall()
    assert ("erase",) in rows
    assert admin.execute("SELECT 1 FROM phr.person WHERE person_id = %s", (person,)).fetchone() is None


def test_deleting_the_account_ends_everything_first_and_gives_days_to_change_ones_mind(system, clock):
    """R8-17: consents are withdrawn and sessions end at once; the rows go after the cooling-off, unless it is taken back."""
    person, patient = somebody(system)
    system.accounts.put(patient, "resident", recipient=f"Patient/{patient}", person=person, request="test")
    secret = system.accounts.issue(patient, "web", purpose="self", request="test")
    request = system.erasing.ask(person, own(person, patient))
    assert system.accounts.caller(secret, "web", "test") is None
    consents = system.consents.all(person, actor=patient, role="resident", request="test")
    assert {one.consent.status for one in consents} == {"inactive"}
    with pytest.raises(Conflict):
        system.erasing.ask(person, own(person, patient))
    system.erasing.round(request="test")
    assert system.register.patient_id(person) == patient
    system.rights_requests.cancel(person, request, own(person, patient))
    clock.tick(timedelta(days=30))
    system.erasing.round(request="test")
    assert system.register.patient_id(person) == patient
    system.erasing.ask(person, own(person, patient))
    clock.tick(timedelta(days=system.settings.delete_cooling_days, seconds=1))
    system.erasing.round(request="test")
    with pytest.raises(NotFound):
        system.register.patient_id(person)


def test_at_once_means_at_the_next_turn_of_the_worker(system):
    """Who asks for it need not wait for the days to change one's mind."""
    person, patient = somebody(system)
    system.erasing.ask(person, own(person, patient), at_once=True)
    system.erasing.round(request="test")
    with pytest.raises(NotFound):
        system.register.patient_id(person)


def test_a_restored_backup_is_erased_again_by_the_list(system, admin):
    """The rows that an older backup brings back go when the list of marks is replayed; who is not on it stays."""
    gone, gone_patient = somebody(system)
    stays, stays_patient = somebody(system)
    mark = system.erasing(gone, "by-the-person", request="test").mark
    listed = [one for one in system.erasing.marks(request="test") if one["mark"] == mark]
    assert len(listed) == 1
    assert system.erasing.replay(listed, request="test") == 0
    # What a restore of yesterday's backup does: the person is back, the tombstone is not there yet.
    resource = {"resourceType": "Patient", "id": gone_patient, "name": [{"text": "常盤 花子"}]}
    assert system.register.put(resource, actor="test", role="system", request="test")[0] == gone
    admin.execute("DELETE FROM phr.tombstone WHERE mark = %s", (mark,))
    assert system.erasing.replay(listed, request="test") == 1
    with pytest.raises(NotFound):
        system.register.patient_id(gone)
    assert system.register.patient_id(stays) == stays_patient


@pytest.mark.parametrize("text", [b"{", b"[1]", b'{"mark": 3}'])
def test_a_list_that_is_none_is_refused(text):
    """One clear error, before anything is deleted."""
    with pytest.raises(PhrError):
        read_marks(text)
    assert read_marks(b'{"mark": "a", "erased_at": "x"}\n\n') == [{"mark": "a", "erased_at": "x"}]


def test_a_city_that_is_bound_keeps_check_ups_apart_and_drops_them_after_five_years(
    system, admin, database_url
):
    """特定健診の実施基準: kept under the mark, out of every page, and said in the tombstone."""
    from phr.bootstrap import start

    bound = start(settings_for(database_url, keep_checkups=True), system.clock)
    bound.sealed_files = system.sealed_files
    person, _patient = somebody(bound)
    admin.execute(
        "INSERT INTO phr.resource (person_id, type, id, version, category, day, updated_at, body)"
        " VALUES (%s, 'Observation', %s, 1, 'checkup', '2026-06-01', now(), '{}')",
        (person, f"c-{uuid4().hex}"),
    )
    done = bound.erasing(person, "by-the-person", request="test")
    assert done.kept == {"checkup": 1}
    assert set(held(admin, person)) <= {"audit_event"}
    kept = admin.execute("SELECT keep_until FROM phr.retained WHERE mark = %s", (done.mark,)).fetchall()
    assert [row[0].year for row in kept] == [day_at(system.clock.now(), system.settings.tz).year + 5]
    assert {one.what for one in bound.erasing.kept} == {"audit", "release", "points", "checkup"}
    assert {one.what for one in system.erasing.kept} == {"audit", "release", "points"}
    bound.close()


def test_forgetting_cannot_read_and_reaches_one_person(system, admin):
    """The context deletes through the policies alone: it sees nothing of the person, and nobody else's rows go."""
    from phr.domain.access import machine

    person, _patient = somebody(system)
    with system.store.begin(machine("Organization/city-health", "forget", "test", person)) as uow:
        assert uow.people.get(person) is None
        assert uow.everything.vitals(person) == []
        assert uow.forgetting.everything()["person"] == 1
    assert system.register.patient_id(person)  # it was not committed
    assert isinstance(person, UUID)
