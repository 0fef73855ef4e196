"""The FHIR interface as a client sees it: who may ask, what is found, and what changes when a consent does."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from tests.build import agree
from tests.phr.api.conftest import BEATS, found, link, refused
from tests.proves import proves

pytestmark = pytest.mark.db
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def walk(client, address: str) -> list[list[dict[str, Any]]]:
    """All pages from an address on, by their next links."""
    pages = []
    following: str | None = address
    while following is not None:
        answer = client.get(following)
        pages.append(found(answer))
        following = link(answer, "next")
        assert len(pages) < 50
    return pages


# --- who may ask


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/fhir/Observation"), ("POST", "/fhir/Observation"), ("POST", "/fhir/Observation/_search"),
        ("GET", "/fhir/Observation/x"), ("GET", "/fhir/Patient"), ("GET", "/fhir/Patient/x"), ("GET", "/fhir/Consent"),
        ("POST", "/fhir/Consent"), ("GET", "/fhir/Consent/x"), ("PUT", "/fhir/Consent/x"), ("GET", "/fhir/Consent/x/_history"),
    ],
)  # fmt: skip
def test_without_a_live_token_nothing_is_served(stranger, method, path):
    """No context means no rows; the challenge says how to come back."""
    for headers in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic dXNlcjpwYXNz"},
        {"Authorization": "Bearer"},
    ):
        answer = stranger(method, path, headers=headers)
        refused(answer, 401)
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_session_or_link_is_no_token(stranger, system, resident, record):
    """A secret opens one door only: a one-time link stolen from a mail is no key to the interface."""
    for kind in ("link", "web"):
        secret = system.accounts.issue(record, kind, purpose="self", request="test")
        refused(stranger.get("/fhir/Observation", headers={"Authorization": f"Bearer {secret}"}), 401)


def test_a_token_ends_after_an_hour(resident, clock):
    """Tokens are short-lived."""
    assert resident.get("/fhir/Observation").status_code == 200
    clock.tick(timedelta(minutes=61))
    refused(resident.get("/fhir/Observation"), 401)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/fhir/Observation?patient=x"), ("GET", "/fhir/Patient/x"), ("POST", "/fhir/Observation")],
)
def test_a_token_for_deidentified_research_reaches_no_record(enter, method, path):
    """That purpose receives releases only."""
    researcher = enter(
        "researcher-api", "researcher", "research-deidentified", recipient="Organization/univ-a"
    )
    refused(researcher(method, path), 403)


@proves("Patient", "interaction", "read", "search-type")
def test_a_resident_sees_their_own_record_and_no_other(resident, enter, record, system):
    """Naming somebody else finds nothing, and does not say whether they exist."""
    assert len(found(resident.get("/fhir/Observation"))) == 14
    other = f"p-{uuid4().hex[:12]}"
    mine = {"resourceType": "Patient", "id": other, "gender": "male", "birthDate": "1970-01-01"}
    person = system.register.put(mine, actor="test", role="system", request="test")[0]
    neighbour = enter(other, "resident", "self", person)
    assert found(neighbour.get("/fhir/Observation")) == []
    assert found(neighbour.get(f"/fhir/Observation?patient={record}")) == []
    assert found(neighbour.get("/fhir/Observation?patient=nobody-at-all")) == []
    identity = found(resident.get("/fhir/Observation?_count=1"))[0]["id"]
    assert resident.get(f"/fhir/Observation/{identity}").status_code == 200
    theirs = neighbour.get(f"/fhir/Observation/{identity}")
    nobodys = neighbour.get(f"/fhir/Observation/{identity[:-2]}AA")
    assert refused(theirs, 404) == refused(nobodys, 404)
    yours, none = neighbour.get(f"/fhir/Patient/{record}"), neighbour.get("/fhir/Patient/nobody-at-all")
    assert refused(yours, 404) == refused(none, 404)
    assert found(neighbour.get(f"/fhir/Patient?_id={record}")) == []


def test_a_nurse_sees_what_was_agreed_to_and_nothing_else(nurse, system, person, record):
    """Kinds of data that are not shared look as though there were none."""
    address = f"/fhir/Observation?patient={record}"
    assert found(nurse.get(address)) == found(nurse.get("/fhir/Observation?patient=nobody-at-all")) == []
    agree(system, person, record, purposes=("guidance",), categories=("blood-pressure",))
    codes = {one["code"]["coding"][0]["code"] for one in found(nurse.get(address))}
    assert codes == {"85354-9"}
    assert found(nurse.get(f"{address}&code=8867-4")) == []


def test_not_yours_and_does_not_exist_look_the_same(nurse, resident, record):
    """Status, headers and text of both answers are equal."""
    identity = found(resident.get("/fhir/Observation?_count=1"))[0]["id"]
    theirs = nurse.get(f"/fhir/Observation/{identity}")
    unknown = nurse.get("/fhir/Observation/no-such-thing")
    assert (
        (theirs.status_code, theirs.content)
        == (unknown.status_code, unknown.content)
        == (404, unknown.content)
    )
    assert set(theirs.headers) == set(unknown.headers)
    assert nurse.get(f"/fhir/Patient/{record}").content == nurse.get("/fhir/Patient/nobody").content


# --- what is found


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("code=8867-4", 12), ("code=http://loinc.org|8867-4", 12), ("code=http://loinc.org|", 14), ("code=|8867-4", 0),
        ("code=8867-4,85354-9", 14), ("code=8867-4&code=85354-9", 0), ("category=vital-signs", 14), ("category=laboratory", 0),
        ("date=2026-03-03", 12), ("date=eq2026-03-03", 12), ("date=ne2026-03-03", 2), ("date=gt2026-03-03", 2),
        ("date=ge2026-03-03", 14), ("date=lt2026-03-04", 12), ("date=le2026-03-04", 14), ("date=sa2026-03-03", 2),
        ("date=eb2026-03-04", 12), ("date=2026-03", 14), ("date=2026", 14), ("date=2025", 0),
        ("date=ge2026-03-03T10:00:00%2B09:00&date=lt2026-03-03T10:05:00%2B09:00", 5), ("date=2026-03-03T01:00:00Z", 1),
        ("status=final", 14), ("status=preliminary", 0), ("_count=5", 5), ("_count=0", 0),
    ],
)  # fmt: skip
def test_each_parameter_narrows_as_fhir_says(resident, query, number):
    """Repeats are ANDed, commas ORed, a date names the range of its precision in the city's zone."""
    assert len(found(resident.get(f"/fhir/Observation?{query}"))) == number


def test_patient_and_subject_are_the_same_parameter(nurse, resident, system, person, record):
    """With and without the type, and as a modifier."""
    agree(system, person, record, purposes=("guidance",))
    for query in (
        f"patient={record}",
        f"patient=Patient/{record}",
        f"subject=Patient/{record}",
        f"subject:Patient={record}",
    ):
        assert len(found(nurse.get(f"/fhir/Observation?{query}"))) == 14
        assert len(found(resident.get(f"/fhir/Observation?{query}"))) == 14
    assert len(found(nurse.get(f"/fhir/Observation?patient={record},nobody"))) == 14


@pytest.mark.parametrize("size", [1, 3, 5, 14, 20])
@pytest.mark.parametrize("order", ["date", "-date"])
def test_next_links_walk_through_everything_once_and_in_order(resident, size, order):
    """No page repeats or skips an Observation, whatever its size."""
    pages = walk(resident, f"/fhir/Observation?_count={size}&_sort={order}")
    everything = [one for page in pages for one in page]
    assert [len(page) for page in pages[:-1]] == [size] * (len(pages) - 1)
    times = [datetime.fromisoformat(one["effectiveDateTime"]) for one in everything]
    assert times == sorted(times, reverse=order == "-date")
    assert len({one["id"] for one in everything}) == len(everything) == 14


def test_a_next_link_keeps_the_search(resident):
    """The following pages answer the same question."""
    pages = walk(resident, "/fhir/Observation?code=8867-4&date=2026-03-03&_count=5&_sort=date")
    values = [one["valueQuantity"]["value"] for page in pages for one in page]
    assert values == BEATS


def test_a_search_in_the_body_is_the_same_search(resident):
    """POST _search keeps values out of addresses and changes nothing else."""
    for query in (
        {"code": "8867-4", "_count": "3"},
        {"date": "ge2026-03-04"},
        {"_sort": "date", "_count": "2"},
        {},
    ):
        over_get = resident.get(f"/fhir/Observation?{urlencode(query)}")
        over_post = resident.post("/fhir/Observation/_search", content=urlencode(query), headers=FORM)
        assert found(over_post) == found(over_get)
        assert (link(over_post, "next") is None) is (link(over_get, "next") is None)
        assert "8867-4" not in (link(over_post, "next") or "")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("nonsense=1", "nonsense"), ("code:in=http://x", "code:in"), ("date:not=2026", "date:not"), ("date:missing=1", "date"), ("date=yesterday", "date"),
        ("date=2026-13-01", "date"), ("date=xx2026", "date"), ("_count=-1", "_count"), ("_count=many", "_count"), ("_sort=subject", "_sort"), ("_sort=nonsense", "nonsense"),
        ("_cursor=zzz", "_cursor"), ("code=a|b|c", "code"), ("code=", "code"), ("patient=Group/1", "patient"),
        ("_include=Observation:nonsense", "nonsense"), ("_include=Observation:code", "_include"), ("_total=many", "_total"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused_with_its_name(resident, query, field):
    """A wrong result is worse than an error."""
    refused(resident.get(f"/fhir/Observation?{query}"), 400, field)


def test_an_observation_is_read_as_it_was_found(resident):
    """Search and read give the same resource; its version is its ETag."""
    for one in found(resident.get("/fhir/Observation")):
        answer = resident.get(f"/fhir/Observation/{one['id']}")
        assert answer.json() == one
        assert answer.headers["etag"] == f'W/"{one["meta"]["versionId"]}"'


def test_a_patient_is_read_by_those_who_hold_a_consent(resident, nurse, system, person, record):
    """And by the person."""
    assert resident.get(f"/fhir/Patient/{record}").json()["id"] == record
    refused(nurse.get(f"/fhir/Patient/{record}"), 404)
    agree(system, person, record, purposes=("guidance",), categories=("heart",))
    assert nurse.get(f"/fhir/Patient/{record}").json()["birthDate"] == "1960-05-05"
    assert [one["id"] for one in found(nurse.get(f"/fhir/Patient?_id={record},nobody"))] == [record]
