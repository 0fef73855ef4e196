"""What a search could tell without showing it: order, changes, lengths, existence by time; and what injected SQL gets."""

from __future__ import annotations

import random
import statistics
import time

import pytest
from psycopg import errors

from phr.domain.access import Access
from tests.leaks.town import CITY, DENIED, entries, shows
from tests.phr.store.door import enter, nurse, personal_tables, seen

pytestmark = pytest.mark.db


@pytest.mark.parametrize(
    "query",
    ["", "&_sort=date", "&_sort=-date", "&code=8867-4", "&category=vital-signs", "&date=gt2020-01-01", "&status=final",
     "&_lastUpdated=gt2020-01-01", "&value-quantity=gt180", "&_text=x", "&_content=x", "&_filter=code eq x", "&_query=x",
     "&_count=0", "&_count=1000", "&_id=x", "&_security=x", "&_tag=x", "&_profile=x", "&combo-value-quantity=gt1", "&_since=2020-01-01"],
)  # fmt: skip
def test_a_person_without_consent_is_a_person_who_is_not_there(attackers, town, query):
    """For every parameter and every caller: status, length and body of the answer are those for an unknown number."""
    for who, caller in attackers.items():
        known = caller.get(f"/fhir/Observation?patient={town.victim}{query}")
        unknown = caller.get(f"/fhir/Observation?patient=p-{'0' * 12}{query}")
        assert known.status_code == unknown.status_code, who
        assert known.text.replace(town.victim, "X") == unknown.text.replace(f"p-{'0' * 12}", "X"), who
        assert known.status_code in DENIED or entries(known) == [], who
        assert shows(known) == [], who


def test_an_etag_and_a_conditional_write_tell_of_nobody(attackers, town):
    """If-None-Exist, If-Match and the like make no difference between known and unknown."""
    for who, caller in attackers.items():
        for header in ({"If-None-Exist": "code=8867-4"}, {"If-Match": 'W/"1"'}, {"If-None-Match": "*"}):
            body = {"resourceType": "Observation", "status": "final", "subject": {"reference": "Patient/%s"}}
            answers = []
            for patient in (town.victim, "p-" + "0" * 12):
                text = str(body).replace("'", '"').replace("%s", patient).encode()
                sent = {"Content-Type": "application/fhir+json", **header}
                answers.append(caller.post("/fhir/Observation", content=text, headers=sent))
            assert answers[0].status_code == answers[1].status_code >= 400, who
            assert answers[0].text.replace(town.victim, "X") == answers[1].text.replace(
                "p-" + "0" * 12, "X"
            ), who


def test_injected_sql_of_every_attacker_sees_nothing_of_the_victim(town, database_url):
    """Each sealed context that a caller without consent can have, over every table with people in it."""
    import psycopg

    with psycopg.connect(database_url, autocommit=True) as admin, town.system.database.app() as app:
        tables = personal_tables(admin)
        for access in (
            nurse(town.person),
            nurse(None),
            nurse(town.person, "risk"),
            nurse(town.person, "points"),
            Access("resident", town.other, f"Patient/{town.other}", "self", "r", town.other_person),
            Access("researcher", "r", "Organization/univ-leak", "research-deidentified", "r"),
            Access("researcher", "r", "Organization/univ-leak", "research-identifiable", "r", town.person),
            Access("operator", "o", CITY, "operate", "r"),
            Access("nurse", "n", CITY, "emergency", "r", town.person),
        ):
            enter(town.system, app, access)
            found = set(seen(app, tables, town.person))
            counts = {"intake_count", "outbox", "upload", "cloud_connection"}
            assert found <= (counts if access.purpose == "operate" else set()), access
            for trick in (
                "SELECT DISTINCT person_id FROM phr.vital_day WHERE person_id::text LIKE '%' OR true",
                "WITH x AS (SELECT person_id FROM phr.resource) SELECT DISTINCT person_id FROM x",
                "SELECT DISTINCT person_id FROM phr.vital_chunk FULL JOIN phr.vital_day USING (person_id, code, day)",
                "SELECT DISTINCT person_id FROM phr.resource WHERE strpos(body, '187') > 0",
            ):
                rows = app.execute(trick).fetchall()
                assert town.person not in {row[0] for row in rows}, (access, trick)
            with pytest.raises((errors.InsufficientPrivilege, errors.UndefinedFunction)):
                app.execute("SELECT query_to_xml('SELECT * FROM phr_private.seal_key', true, true, '')")
            app.rollback()


def _took(caller, patient):
    began = time.perf_counter()
    assert caller.get(f"/fhir/Patient/{patient}").status_code == 404
    return time.perf_counter() - began


@pytest.mark.slow
def test_the_time_of_a_refusal_does_not_tell_whether_somebody_exists(town):
    """400 refusals each for known and unknown, in random order: the medians are within a quarter of each other.

    The code path is the same: one statement whose rows the policies filter, and one row of the trail. The policies of a
    row that is there take a little longer, so that the answer waits for a full step since the request arrived.
    """
    caller = town.token("nurse-time", "nurse", "guidance")
    known = [town.victim] * 400
    unknown = [f"p-{number:012d}" for number in range(400)]
    turns = [(one, one == town.victim) for one in (*known, *unknown)]
    random.Random(4).shuffle(turns)
    times = {True: [], False: []}
    for patient, exists in turns:
        times[exists].append(_took(caller, patient))
    one, other = statistics.median(times[True]), statistics.median(times[False])
    assert abs(one - other) < 0.25 * max(one, other), (one, other)
