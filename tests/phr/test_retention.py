"""Deleting by age: first a plan, then what the plan said and nothing else, with a row of the trail for each person."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from click.testing import CliRunner

from phr.bootstrap import start
from phr.cli import main
from phr.errors import Refused, Unsafe
from phr.store.retention import Retention
from tests.build import heart_rates
from tests.conftest import SECRET, FixedClock, make_database, settings_at
from tests.phr.services.scenes import a_person

OLD = datetime(2021, 3, 1, 3, tzinfo=UTC)
CUT = date(2021, 3, 4)


@pytest.fixture(scope="module")
def url(server_url, worker_id):
    """A city of its own: the command looks at everybody."""
    made = make_database(server_url, f"phr_retention_{worker_id}")
    system = start(settings_at(made))
    system.migrate()
    system.close()
    return made


@pytest.fixture
def town(url):
    """A city five years and some days later, and somebody with five days of heart rates."""
    system = start(settings_at(url), FixedClock(datetime(2026, 3, 5, tzinfo=UTC)))
    person, patient = a_person(system)
    days = [heart_rates(OLD + timedelta(days=n), [60.0 + n, 61.0]) for n in range(5)]
    system.receive(person, days, request="test")
    yield system, person, patient
    system.close()


def left(system, person):
    with system.database.admin() as admin:
        rows = admin.execute("SELECT day FROM phr.vital_chunk WHERE person_id = %s ORDER BY 1", (person,))
        return [row[0] for row in rows.fetchall()]


def test_the_plan_is_what_is_deleted_and_changes_nothing_itself(town):
    """Three of the five days lie before; the day itself stays, and a second time there is nothing left to do."""
    system, person, patient = town
    plan = system.retaining.plan(CUT)
    assert plan["vital_chunk"] >= 3
    assert plan["people"] >= 1
    assert len(left(system, person)) == 5
    assert system.retaining.carry_out(CUT, request="test") == plan
    assert left(system, person) == [CUT, CUT + timedelta(days=1)]
    assert system.retaining.carry_out(CUT, request="test") == {}
    assert system.retaining.plan(CUT) == {}
    trail = system.trail.of_person(person, actor=patient, request="test")
    [row] = [one for one in trail if one.action == "erase"]
    assert (row.role, row.actor, row.purpose, row.object, row.n) == (
        "system", "retention", "operate", "Observation", 6,
    )  # fmt: skip
    assert system.trail.verify(request="test").ok


def test_what_a_deleted_sample_was_before_its_corrections_goes_with_it(town):
    """Its earlier versions are kept beside documents, and no document is behind them."""
    system, person, _ = town
    kept = "SELECT day FROM phr.resource_history WHERE person_id = %s AND type = 'Observation' ORDER BY day"
    with system.database.admin() as admin:
        admin.execute(
            "INSERT INTO phr.resource_history SELECT person_id, 'Observation', repeat('A', 48), day - date '2021-01-01',"
            " false, category, day, updated_at, '{}' FROM phr.vital_chunk WHERE person_id = %s",
            (person,),
        )
        before = [row[0] for row in admin.execute(kept, (person,)).fetchall()]
        admin.commit()
    system.retaining.carry_out(CUT, request="test")
    with system.database.admin() as admin:
        after = [row[0] for row in admin.execute(kept, (person,)).fetchall()]
    assert len(before) == 5
    assert after == [day for day in before if day >= CUT] == left(system, person)


@pytest.mark.parametrize(("before", "fine"), [(date(2021, 3, 5), True), (date(2021, 3, 6), False)])
def test_days_of_the_last_five_years_stay(town, before, fine):
    """特定健診の実施基準 第10条: results of check-ups lie in the same tables."""
    system, person, _ = town
    if fine:
        assert system.retaining.plan(before)
        return
    for act in (system.retaining.plan, lambda day: system.retaining.carry_out(day, request="test")):
        with pytest.raises(Refused, match="5 years"):
            act(before)
    assert len(left(system, person)) == 5


def test_a_role_that_policies_bind_is_refused_and_does_not_delete_half(town):
    """It would see nobody, and say that there is nothing to do."""
    system, _, _ = town
    bound = Retention(system.database.app, system.sealer)
    with pytest.raises(Unsafe, match="BYPASSRLS"):
        next(bound.holders(CUT))


def test_the_command_says_what_would_go_and_deletes_with_yes(town, url, monkeypatch):
    """As the officer types it."""
    system, person, _ = town
    monkeypatch.setenv("PHR_DATABASE_URL", url)
    monkeypatch.setenv("PHR_SECRET_KEYS", SECRET)
    plan = CliRunner().invoke(main, ["retention", "--before", CUT.isoformat()])
    assert "repeat with --yes" in plan.output
    assert len(left(system, person)) == 5
    done = CliRunner().invoke(main, ["retention", "--before", CUT.isoformat(), "--yes", "--json"])
    told = json.loads(done.stdout)
    assert told["deleted"] is True
    assert told["rows"]["vital_chunk"] >= 3
    assert len(left(system, person)) == 2
    none = CliRunner().invoke(main, ["retention", "--before", "1900-01-01"])
    assert none.output == "nothing lies before that day\n"
    recent = CliRunner().invoke(main, ["retention", "--before", "2100-01-01", "--yes"])
    assert recent.exit_code == 1
