"""The pages of staff ask the database as often for a hundred rows as for ten."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest

from phr.bootstrap import start
from phr.ids import new_id
from tests.build import agree
from tests.conftest import FixedClock, make_database, settings_at

FEW, MANY = 10, 100


@pytest.fixture
def small(server_url, worker_id):
    """A service of one test alone."""
    url = make_database(server_url, f"phr_statements_{worker_id}")
    made = start(settings_at(url), FixedClock())  # a session that is touched anew is one more statement
    made.migrate()
    yield made, url
    made.close()


def fill(made, url, count, colleagues):
    """So many people with a case each, held by so many colleagues, and dead letters, refusals and accounts of staff."""
    now = made.clock.now()
    with psycopg.connect(url, autocommit=True) as admin:
        for number in range(count):
            patient = f"p-{uuid4().hex[:12]}"
            resource = {
                "resourceType": "Patient",
                "id": patient,
                "gender": "female",
                "birthDate": "1960-05-05",
            }
            person = made.register.put(resource, actor="test", role="system", request="test")[0]
            agree(made, person, patient, purposes=("guidance",), date_time=now - timedelta(minutes=1))
            admin.execute(
                "INSERT INTO phr.work_item (person_id, item_id, kind, priority, category, day, state, holder, reasons,"
                " basis, data_mark, rule_version, version, opened_at, updated_at)"
                " VALUES (%s, %s, 'trend:steps', 6, 'activity', %s, 'claimed', %s, '[]', '{}', 'm', 'r', 1, %s, %s)",
                (person, new_id(), now.date(), colleagues[number % len(colleagues)], now, now),
            )
            admin.execute(
                "INSERT INTO phr.outbox (person_id, outbox_id, kind, idempotency_key, payload, state, next_at,"
                " created_at) VALUES (%s, %s, 'ledger', %s, '{}', 'dead', now(), now())",
                (person, new_id(), uuid4().hex),
            )


@pytest.mark.slow
def test_no_page_of_staff_asks_more_often_for_more_rows(small, city, browse, counting):
    """Work list, a case, the operator's first page, and the accounts: ten rows and a hundred cost the same statements."""
    made, url = small
    app = city.application(made)
    me = city.a_member(made, "nurse")
    nurse = city.signed_in(made, app, browse, me, "nurse")
    operator = city.signed_in(made, app, browse, city.a_member(made, "operator"), "operator")
    seen: list[dict[str, int]] = []
    for count in (FEW, MANY - FEW):
        colleagues = [
            city.a_member(made, "nurse", display=f"保健師 {number}") for number in range(count // 5)
        ]
        fill(made, url, count, colleagues)
        listed = nurse.get("/staff?whole=1").text
        case = listed.partition('href="/staff/cases/')[2].partition('"')[0]
        numbers = {}
        for client, page in (
            (nurse, "/staff?whole=1"),
            (nurse, f"/staff/cases/{case}"),
            (nurse, "/staff/list.csv"),
            (nurse, "/staff/team"),
            (operator, "/operate"),
            (operator, "/operate/accounts"),
        ):
            client.get(page)  # what is kept for an hour, or noted once, does not count
            with counting.asked() as ways:
                assert client.get(page).status_code == 200, page
            numbers[page.replace(case, "case")] = len(ways)
        seen.append(numbers)
    assert seen[0] == seen[1]
    assert max(seen[0].values()) <= 50


def test_the_name_of_a_colleague_costs_the_list_no_question(small, city, browse, counting):
    """Who holds a case is nearly always of the team, which the page knows already."""
    made, url = small
    app = city.application(made)
    nurse = city.signed_in(made, app, browse, city.a_member(made, "nurse"), "nurse")
    holder = city.a_member(made, "nurse", display="保健師 名前")
    fill(made, url, 1, [holder])

    def asked():
        nurse.get("/staff?whole=1")
        with counting.asked() as ways:
            page = nurse.get("/staff?whole=1")
        assert page.status_code == 200
        return len(ways), page.text.count("保健師 名前")

    held = asked()
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("UPDATE phr.work_item SET state = 'open', holder = NULL WHERE holder = %s", (holder,))
    free = asked()
    assert held[0] == free[0]
    assert held[1] > free[1]
