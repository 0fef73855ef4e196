"""What the policies ask of the grants, they read from an index alone: asked once for a row, nothing is dearer in a list."""

from __future__ import annotations

import pytest

from phr.domain.access import Access
from tests.build import CITY
from tests.faults.parts import wait_for

_FILL = """
INSERT INTO phr.consent_grant (person_id, consent_id, version, line, depth, effect, recipient, purpose, category,
                               data_from, data_to, valid_from, valid_to, path)
SELECT p, 'filled-for-a-plan', 1, line, 1, 'permit', 'Organization/nobody', 'guidance', '*',
       '2020-01-01', '2099-12-31', '2020-01-01Z', '2099-12-31Z', 'x'
FROM (SELECT gen_random_uuid() AS p FROM generate_series(1, 2000)) people, generate_series(1, 4) line
"""
_GATED = ("work_item", "work_event", "vital_chunk", "vital_day", "resource")


def all_visible(admin) -> bool:
    """Whether an index alone can answer; not while the server's own maintenance looks at the rows at the same time."""
    admin.execute("VACUUM ANALYZE phr.consent_grant")
    seen = "SELECT relallvisible >= relpages FROM pg_class WHERE oid = 'phr.consent_grant'::regclass"
    return bool(admin.execute(seen).fetchone()[0])


@pytest.fixture
def grants(admin):
    """The grants of two thousand others, in whom this test alone is interested."""
    admin.execute(_FILL)
    wait_for(lambda: all_visible(admin))
    yield
    admin.execute("DELETE FROM phr.consent_grant WHERE consent_id = 'filled-for-a-plan'")
    admin.execute("VACUUM ANALYZE phr.consent_grant")


@pytest.mark.parametrize("table", _GATED)
def test_the_grants_of_a_person_are_read_from_an_index_in_the_order_of_the_consents(system, grants, table):
    """Neither the table is visited for them, nor are they sorted: a list of the city asks thousands of times."""
    nurse = Access("nurse", "nurse-plan", CITY, "guidance", "test")
    with system.store.begin(nurse) as uow:
        lines = uow._driver.execute(f"EXPLAIN (COSTS OFF) SELECT * FROM phr.{table}").fetchall()
    plan = {line.split("->")[-1].split(" g")[0].strip() for (line,) in lines if "consent_grant" in line}
    assert plan == {"Index Only Scan using consent_grant_gate on consent_grant"}
    assert not any("Sort" in line for (line,) in lines)
