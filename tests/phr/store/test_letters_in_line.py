"""Letters that wait are found without reading those that were delivered, also by a plan that the server keeps."""

from __future__ import annotations

from uuid import uuid4

import pytest

from phr.domain.access import machine
from tests.build import CITY

KIND = "test-of-lines"
_FILL = """
INSERT INTO phr.outbox
       (person_id, outbox_id, kind, idempotency_key, payload, state, next_at, created_at, lost, urgent)
SELECT %(person)s, gen_random_uuid(), %(kind)s, n::text, '{}',
       CASE WHEN n %% 100 = 0 THEN 'waiting' WHEN n %% 10 = 0 THEN 'dead' ELSE 'delivered' END,
       %(now)s + CASE WHEN n %% 200 = 0 THEN interval '5 hours' ELSE interval '-1 hour' END,
       %(now)s - interval '1 day' + n * interval '1 ms', n %% 300 / 299, n %% 1000 = 100
FROM generate_series(1, 20000) n
"""


@pytest.fixture
def letters(admin, clock):
    """Twenty thousand of a kind of their own: a hundred are due, as many wait for an hour to come."""
    person = uuid4()
    admin.execute(_FILL, {"person": person, "kind": KIND, "now": clock.now()})
    admin.execute("ANALYZE phr.outbox")
    yield
    admin.execute("DELETE FROM phr.outbox WHERE person_id = %s", (person,))
    admin.execute("ANALYZE phr.outbox")


def _read(driver) -> int:
    """Letters that were fetched in this transaction, by whatever plan."""
    row = driver.execute(
        "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables"
        " WHERE schemaname = 'phr' AND relname = 'outbox'"
    ).fetchone()
    return row[0]


@pytest.mark.parametrize(
    ("asked", "found"),
    [({"lost": False}, 20), ({"lost": True}, 0), ({"lost": False, "urgent": True}, 20), ({}, 20)],
)
def test_the_letters_that_are_due_are_found_by_an_index_alone(system, letters, clock, asked, found):
    """As the worker asks every five seconds, with a plan made for any values: delivered letters are not read."""
    with system.store.begin(machine(CITY, "deliver", "test", part="deliver")) as uow:
        driver = uow._driver
        driver.prepare_threshold = 0
        driver.execute("SELECT set_config('plan_cache_mode', 'force_generic_plan', true)")
        due = uow.outbox.due(clock.now(), 20, KIND, **asked)
        assert len(due) == found
        assert _read(driver) <= 200
