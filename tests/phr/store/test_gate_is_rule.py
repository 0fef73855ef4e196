"""The database shows exactly the rows that the rule of consent permits, for random consents, rows and callers.

The random consents have exceptions two levels deep, ends of validity (as guardians' consents have them), windows of days,
and versions of the text of which some ask again.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from consent.categories import CATEGORIES as KNOWN
from consent.decide import decide
from consent.fhir import read
from consent.grants import decide_rows, grants
from consent.model import Request
from consent.purposes import KINDS, PURPOSES
from phr.domain.access import CONSENT_PURPOSES, Access
from tests.consent.cases import CHANGED, NOW, many_consents
from tests.consent.cases import RECIPIENTS as NAMED
from tests.phr.store.door import enter

CATEGORIES = ("blood-pressure", "sleep", "heart", "checkup", "tarot", "*", "consent")
DAYS = [
    date(2025, 12, 31),
    *(date(2026, 6, 1) + timedelta(days=n) for n in (-2, -1, 0, 1, 2, 9)),
    date(2028, 1, 1),
]
CALLERS = [
    (recipient, purpose)
    for recipient in (*NAMED, "Organization/other", "*", "")
    for purpose in ("guidance", "risk", "self", "insurer")
]
# Never within half a minute of a boundary that the random consents have: the database reads its own clock.
MOMENTS = [
    NOW + timedelta(seconds=30) + timedelta(hours=n) for n in (-24 * 40, -24 * 9, -13, 0, 13, 24, 24 * 400)
]
ENOUGH = 100_000


def access(person: UUID, recipient: str, purpose: str) -> Access:
    """The caller's context; the person at their own record comes as a resident, as the service has it."""
    own = purpose == "self" and recipient == "Patient/p1"
    return Access("resident" if own else "nurse", "a", recipient, purpose, "r", person if own else None)


def store(admin, people, sets, moment):
    """Grants of these consents, moved in time so that the moment is now, and a row of every kind for every day."""
    shift = datetime.now(UTC) - moment
    lines, chunks = [], []
    for person, consents in zip(people, sets, strict=True):
        rows = [row for each in consents if each.patient in (None, "p1") for row in grants(each, CHANGED)]
        lines += [
            (person, r.consent_id, r.version, n, r.depth, r.effect, r.recipient, r.purpose, r.category, r.data_from,
             r.data_to, r.valid_from + shift, r.valid_to + shift, r.path)
            for n, r in enumerate(rows)
        ]  # fmt: skip
        chunks += [(person, day, category) for category in CATEGORIES for day in DAYS]
    cursor = admin.cursor()
    cursor.executemany(
        "INSERT INTO phr.consent_grant (person_id, consent_id, version, line, depth, effect, recipient, purpose,"
        " category, data_from, data_to, valid_from, valid_to, path)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        lines,
    )
    columns = [list(part) for part in zip(*chunks, strict=True)]
    rows = "FROM unnest(%s::uuid[], %s::date[], %s::text[]) AS u (p, d, c)"
    cursor.execute(
        f"INSERT INTO phr.vital_chunk SELECT p, c, d, p, c, 1, now(), now(), 1, now(), '' {rows}", columns
    )
    cursor.execute(
        f"INSERT INTO phr.vital_day (person_id, code, day, source_id, channel, category, n, worn_minutes)"
        f" SELECT p, c, d, p, 'value', c, 1, 1 {rows}",
        columns,
    )
    cursor.execute(
        "INSERT INTO phr.resource (person_id, type, id, version, category, day, updated_at, body)"
        f" SELECT p, 'Observation', p || c || d, 1, c, d, now(), '' {rows}",
        columns,
    )


TABLES = ("vital_chunk", "vital_day", "resource")


def visible(connection, table, people):
    """The rows of a table that the present context sees, as (person, category, day)."""
    return set(
        connection.execute(
            f"SELECT person_id, category, day FROM phr.{table} WHERE person_id = ANY (%s)", (people,)
        ).fetchall()
    )


def permitted(people, sets, recipient, purpose, moment):
    """What the rule permits, and that the rule over rows permits the same."""
    found = set()
    for person, consents in zip(people, sets, strict=True):
        rows = [row for each in consents if each.patient in (None, "p1") for row in grants(each, CHANGED)]
        for category in CATEGORIES:
            for day in DAYS:
                request = Request("p1", recipient, purpose, category, day)
                answer = decide(consents, request, moment, CHANGED).permit
                assert decide_rows(rows, request, moment).permit == answer
                if answer:
                    found.add((person, category, day))
    return found


@pytest.mark.parametrize("examples", [10, pytest.param(30, marks=pytest.mark.slow)])
def test_the_database_shows_what_the_rule_permits(system, app, admin, examples):
    """Pairs of a consent set with a row and a caller, over three tables: 100,000 at night, a third of them by day."""
    count: Counter[str] = Counter()

    @settings(
        max_examples=examples,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(many_consents(), min_size=4, max_size=6), st.sampled_from(MOMENTS))
    def compare(given_sets, moment):
        sets = [[read(each) for each in consents] for consents in given_sets]
        people = [uuid4() for _ in sets]
        store(admin, people, sets, moment)
        try:
            before = {}
            for caller in CALLERS:
                expected = permitted(people, sets, *caller, moment)
                before[caller] = look(system, app, people, caller)
                for table, shown in zip(TABLES, before[caller], strict=True):
                    assert shown == expected, (table, caller, len(shown), len(expected))
                count["pairs"] += len(people) * len(DAYS) * len(CATEGORIES)
                count["permits"] += len(expected)
            admin.execute(
                "DELETE FROM phr.consent_grant WHERE person_id = ANY (%s) AND effect = 'permit' AND line %% 2 = 0",
                (people,),
            )
            for caller in CALLERS:
                for shown, earlier in zip(look(system, app, people, caller), before[caller], strict=True):
                    assert shown <= earlier, "removing a grant showed more"
            admin.execute("DELETE FROM phr.consent_grant WHERE person_id = ANY (%s)", (people,))
            for caller in CALLERS:
                if caller != ("Patient/p1", "self"):
                    assert look(system, app, people, caller) == [set(), set(), set()]
        finally:
            app.rollback()
            for table in ("consent_grant", *TABLES):
                admin.execute(f"DELETE FROM phr.{table} WHERE person_id = ANY (%s)", (people,))

    compare()
    assert count["pairs"] >= ENOUGH * examples // 30
    assert count["permits"] > count["pairs"] // 50, "the random consents hardly permit anything"


def look(system, app, people, caller):
    """The visible rows of each table for a caller; a person at their own record looks at one after the other."""
    recipient, purpose = caller
    if (recipient, purpose) != ("Patient/p1", "self"):
        enter(system, app, access(people[0], recipient, purpose))
        return [visible(app, table, people) for table in TABLES]
    found = [set(), set(), set()]
    for person in people:
        enter(system, app, access(person, recipient, purpose))
        for shown, table in zip(found, TABLES, strict=True):
            shown.update(visible(app, table, [person]))
    return found


@pytest.mark.parametrize("name", ["vital_chunk", "vital_day", "resource", "work_item"])
def test_the_categories_in_the_policies_are_those_of_consent(admin, name):
    """The list stands in two places, because policies are SQL; they may not drift apart."""
    row = admin.execute(
        "SELECT qual FROM pg_policies WHERE tablename = %s AND policyname = 'own_or_granted'", (name,)
    ).fetchone()
    listed = (
        row[0].split("ANY ('{")[1].split("}'")[0]
        if "ANY ('{" in row[0]
        else row[0].split("ARRAY[")[1].split("]")[0]
    )
    assert {word.strip().removesuffix("::text").strip("'") for word in listed.split(",")} == set(KNOWN)


def test_the_purposes_and_kinds_of_recipient_in_the_context_are_those_of_consent(admin):
    """As above, for the function that opens a context."""
    source = admin.execute("SELECT prosrc FROM pg_proc WHERE oid = 'phr.sealed_context'::regproc").fetchone()[
        0
    ]
    purposes = source.split("c[7] IN (")[1].split(")")[0]
    assert {word.strip().strip("'") for word in purposes.split(",")} == set(PURPOSES) == set(CONSENT_PURPOSES)
    assert set(source.split("ANY ('{")[1].split("}'")[0].split(",")) == set(KINDS)


def test_a_grant_ends_at_its_end_by_the_clock_of_the_database(system, app, admin, person):
    """valid_to is the first instant at which the row no longer counts."""
    day = date(2026, 6, 1)
    admin.execute(
        "INSERT INTO phr.vital_chunk VALUES (%s, 'c', %s, %s, 'heart', 1, now(), now(), 1, now(), '')",
        (person, day, person),
    )
    admin.execute(
        "INSERT INTO phr.consent_grant (person_id, consent_id, version, line, depth, effect, recipient, purpose, category,"
        " data_from, data_to, valid_from, valid_to, path) VALUES (%s, 'c', 1, 0, 1, 'permit', '*', 'guidance', 'heart',"
        " %s, %s, '2020-01-01', '2020-01-01', 'p')",
        (person, day, day),
    )
    enter(system, app, access(person, "Organization/city-health", "guidance"))
    for seconds in (1, 10, 60):  # long enough that a look comes before the end
        ends, looks = ending(admin, person, seconds), []
        while not looks or looks[-1][0] < ends + timedelta(milliseconds=50):
            looks.append(
                app.execute(
                    "SELECT statement_timestamp(), count(*) FROM phr.vital_chunk WHERE person_id = %s",
                    (person,),
                ).fetchone()
            )
        if looks[0][0] < ends:
            break
    assert {count for at, count in looks if at < ends} == {1}
    assert {count for at, count in looks if at >= ends} == {0}


def ending(admin, person, seconds):
    """Lets the grant end in so many seconds; gives when that is."""
    return admin.execute(
        "UPDATE phr.consent_grant SET valid_to = clock_timestamp() + make_interval(secs => %s) WHERE person_id = %s"
        " RETURNING valid_to",
        (seconds, person),
    ).fetchone()[0]


def test_the_rule_reads_the_moment_of_each_statement_and_not_of_the_transaction(
    system, app, admin, person, patient
):
    """A withdrawal counts for the next statement of a transaction that is already open."""
    assert isinstance(app, psycopg.Connection)
    admin.execute(
        "INSERT INTO phr.vital_chunk VALUES (%s, 'c', '2026-06-01', %s, 'heart', 1, now(), now(), 1, now(), '')",
        (person, person),
    )
    admin.execute(
        "INSERT INTO phr.consent_grant (person_id, consent_id, version, line, depth, effect, recipient, purpose, category,"
        " data_from, data_to, valid_from, valid_to, path) VALUES (%s, 'c', 1, 0, 1, 'permit', '*', '*', '*',"
        " '2020-01-01', '2030-01-01', '2020-01-01', '2030-01-01', 'p')",
        (person,),
    )
    query = "SELECT count(*) FROM phr.vital_chunk WHERE person_id = %s"
    enter(system, app, access(person, "Organization/city-health", "guidance"))
    assert app.execute(query, (person,)).fetchone() == (1,)
    admin.execute("DELETE FROM phr.consent_grant WHERE person_id = %s", (person,))
    assert app.execute(query, (person,)).fetchone() == (0,)
