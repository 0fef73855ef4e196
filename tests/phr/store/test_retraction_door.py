"""The context that takes results back reaches nothing else, of nobody else, and can only take away."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from psycopg import errors

from phr.domain.access import Access
from tests.build import CITY
from tests.phr.store.door import enter, personal_tables, seen

ITEM = (
    "INSERT INTO phr.work_item (person_id, item_id, kind, category, day, priority, rank, state, reasons, basis, data_mark,"
    " rule_version, opened_at, updated_at) VALUES (%s, %s, 'trend:body', 'body', %s, 5, 0.2, 'open', '[1]', '{\"a\": 1}', 'm',"
    " 'r', %s, %s)"
)
RESULT = (
    "INSERT INTO phr.resource (person_id, type, id, version, category, day, status, updated_at, body)"
    " VALUES (%s, %s, %s, 1, 'body', %s, 'final', %s, '{}')"
)
DAY, NOW = date(2026, 6, 1), datetime(2026, 6, 1, tzinfo=UTC)


def erasing(person):
    return Access("system", "assess", CITY, "erase", "test", person)


@pytest.fixture
def two(admin):
    """Two people with a case, a result and a questionnaire each."""
    people = uuid4(), uuid4()
    for person in people:
        admin.execute(ITEM, (person, uuid4(), DAY, NOW, NOW))
        for kind in ("RiskAssessment", "QuestionnaireResponse"):
            admin.execute(RESULT, (person, kind, str(uuid4()), DAY, NOW))
    yield people
    for table in ("work_item", "resource"):
        admin.execute(f"DELETE FROM phr.{table} WHERE person_id = ANY (%s)", (list(people),))


def test_it_sees_results_and_cases_of_its_person_and_nothing_that_was_measured_or_answered(
    system, app, admin, two, stranger
):
    """No measurement, no questionnaire, no consent, no name; of a stranger with a row in every table only these two."""
    mine, other = two
    enter(system, app, erasing(mine))
    assert app.execute("SELECT type FROM phr.resource WHERE person_id = %s", (mine,)).fetchall() == [
        ("RiskAssessment",)
    ]
    assert seen(app, ["resource", "work_item"], other) == {}
    enter(system, app, erasing(stranger))
    assert set(seen(app, personal_tables(admin), stranger)) <= {"resource", "work_item"}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE phr.work_item SET state = 'closed' WHERE person_id = %s",
        "UPDATE phr.work_item SET state = 'open', reasons = '[]', basis = '{}', rank = 0 WHERE person_id = %s",
        "UPDATE phr.work_item SET state = 'closed', reasons = '[]', basis = '{}', rank = 1 WHERE person_id = %s",
        "UPDATE phr.resource SET body = 'x' WHERE person_id = %s",
        "UPDATE phr.resource SET status = 'cancelled', type = 'Consent' WHERE person_id = %s",
        (
            "INSERT INTO phr.work_event (person_id, item_id, version, category, day, event, actor, note, at)"
            " VALUES (%s, gen_random_uuid(), 1, 'body', now(), 'retracted', 'assess', 'a value', now())"
        ),
        (
            "INSERT INTO phr.resource_history (person_id, type, id, version, deleted, category, day, updated_at, body)"
            " VALUES (%s, 'Consent', 'x', 1, false, 'body', now(), now(), '')"
        ),
    ],
)
def test_it_can_only_take_away(system, app, two, statement):
    """A case that keeps a reason or a rank, a result that stays, an event with words: all refused."""
    enter(system, app, erasing(two[0]))
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute(statement, (two[0],))
    app.rollback()


def test_taking_away_is_allowed(system, app, two):
    """Otherwise the refusals above would prove nothing; of somebody else nothing changes."""
    mine, other = two
    statement = "UPDATE phr.work_item SET state = 'closed', reasons = '[]', basis = '{}', rank = 0 WHERE person_id = %s"
    enter(system, app, erasing(mine))
    assert app.execute(statement, (mine,)).rowcount == 1
    assert app.execute(statement, (other,)).rowcount == 0
    assert (
        app.execute("UPDATE phr.resource SET status = 'cancelled' WHERE person_id = %s", (mine,)).rowcount
        == 1
    )
    app.rollback()
