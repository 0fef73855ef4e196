"""AuditEvents over FHIR: valid, of Basic Audit form, one's own for a resident, those of the review for an operator."""

from __future__ import annotations

import base64
import time
from datetime import UTC, datetime, timedelta

import pytest
from fhir.resources.R4B.auditevent import AuditEvent

from tests.build import agree
from tests.phr.api.conftest import found, link, refused
from tests.phr.balp_profile import lacking
from tests.proves import proves

pytestmark = pytest.mark.db
ADDRESS = "/fhir/AuditEvent"


@pytest.fixture
def seen(system, resident, record, person, patient, nurse):
    """A record that its owner read and searched, and that a nurse was refused."""
    resident.get("/fhir/Observation?_count=2")
    resident.get(f"/fhir/Patient/{patient}")
    nurse.get(f"/fhir/Patient/{patient}")
    agree(system, person, patient, purposes=("guidance",))
    nurse.get(f"/fhir/Observation?patient={patient}")
    return patient


@pytest.fixture
def operator(enter):
    return enter("op-api", "operator", "audit")


def events(caller, query=""):
    return found(caller.get(f"{ADDRESS}{query}"))


def test_every_event_is_valid_and_has_what_its_basic_audit_profile_demands(resident, seen):
    """fhir.resources R4B, and the minimal elements of each profile."""
    pages = events(resident, "?_count=200")
    assert len(pages) >= 6
    for one in pages:
        AuditEvent.model_validate(one)
        assert lacking(one) == [], one
    profiles = {one["meta"]["profile"][0].rpartition(".")[2] for one in pages if "meta" in one}
    assert {"PatientRead", "PatientQuery", "PatientCreate", "AuthZconsent"} <= profiles


def test_a_refusal_says_why_who_and_whom(resident, seen):
    """The person sees that somebody tried."""
    [one] = events(resident, "?outcome=4")
    assert one["outcomeDesc"] == "not-found"
    user = next(agent for agent in one["agent"] if agent["requestor"])
    assert user["who"]["identifier"]["value"] == "nurse-api"
    assert user["purposeOfUse"][0]["coding"][0]["code"] == "guidance"
    assert any(
        entity["what"].get("reference") == f"Patient/{seen}" for entity in one["entity"] if "what" in entity
    )


@pytest.mark.parametrize(
    ("query", "keeps"),
    [
        ("action=R", lambda one: one["action"] == "R"),
        ("action=C", lambda one: one["action"] == "C"),
        ("action=R,C", lambda one: one["action"] in "RC"),
        ("outcome=4", lambda one: one["outcome"] == "4"),
        ("outcome=0", lambda one: one["outcome"] == "0"),
        ("outcome=8", lambda one: one["outcome"] == "8"),
        ("subtype=search", lambda one: one["subtype"][0]["code"] == "search"),
        ("subtype=AuthZ-Consent", lambda one: one["subtype"][0]["code"] == "AuthZ-Consent"),
        ("type=110113", lambda one: one["type"]["code"] == "110113"),
        (
            "type=http://terminology.hl7.org/CodeSystem/audit-event-type|rest&action=E",
            lambda one: one["type"]["code"] == "rest" and one["action"] == "E",
        ),
        ("agent=nurse-api", lambda one: "nurse-api" in str(one["agent"])),
        ("purpose=guidance", lambda one: one["purposeOfEvent"][0]["coding"][0]["code"] == "guidance"),
        ("purpose=urn:other|guidance", lambda _one: False),
        ("agent:identifier=urn:phr:account|nurse-api", lambda one: "nurse-api" in str(one["agent"])),
        ("agent:identifier=urn:other|nurse-api", lambda _one: False),
        ("agent-role=urn:phr:role|nurse", lambda one: "'nurse'" in str(one["agent"][2]["role"])),
        ("agent-role=nurse,resident&agent-role=nurse", lambda one: "'nurse'" in str(one["agent"][2]["role"])),
        ("agent=nurse-api&agent=nobody", lambda _one: False),
        ("entity=Observation&entity=Patient", lambda _one: False),
        ("entity:identifier=urn:phr:object|Patient", lambda one: "'Patient'}" in str(one["entity"][0])),
        ("site=https://elsewhere.example.jp", lambda _one: False),
        ("source=Organization/elsewhere", lambda _one: False),
        ("address=https://elsewhere", lambda _one: False),
    ],
)
@proves("AuditEvent", "search", "action", "agent", "agent-role", "outcome", "purpose", "subtype", "type")
def test_a_search_gives_what_fits_and_all_that_fits(resident, seen, query, keeps):
    """The condition on compact rows and the rendered event agree, for each parameter."""
    everything = [one for one in events(resident, "?_count=200") if keeps(one)]
    narrowed = events(resident, f"?{query}&_count=200")
    assert all(keeps(one) for one in narrowed)
    assert {one["id"] for one in everything} <= {one["id"] for one in narrowed}


@proves("AuditEvent", "interaction", "read", "search-type")
@proves("AuditEvent", "search", "entity", "_id")
def test_entity_and_id_find_single_rows(resident, seen):
    """By the word of the object, and by chain and number."""
    chosen = events(resident, "?entity=Patient&_count=200")
    assert chosen
    assert {one["id"] for one in chosen} == {
        one["id"]
        for one in events(resident, "?_count=200")
        if "urn:phr:object', 'value': 'Patient'" in str(one)
    }
    one = resident.get(f"{ADDRESS}/{chosen[0]['id']}")
    assert one.json() == chosen[0]
    nowhere = f"{one.json()['id'].split('-')[0]}-999999"  # of the same chain, which has no so many rows
    assert events(resident, f"?_id={chosen[0]['id']},{nowhere},x") == [chosen[0]]


@proves("AuditEvent", "search", "patient", "source", "site", "address")
def test_what_every_event_has_is_found_with_every_event(system, resident, seen):
    """The person, the city that observes, and the address at which it does: as references and with the server's address."""
    base, city = f"{system.settings.base_url}/fhir", system.settings.recipient
    first = events(resident, "?_count=1")[0]
    for query in (
        f"patient={seen}",
        f"patient=Patient/{seen},other",
        f"entity=Patient/{seen}",
        f"entity={base}/Patient/{seen}",
        f"agent={city}",
        f"source={base}/{city}",
        f"site={base}",
        f"address={base[:8]}",
        "_sort=-date",
    ):
        assert first["id"] in {one["id"] for one in events(resident, f"?{query}&_count=200")}, query
    request = first["entity"][-1]["what"]["identifier"]["value"]
    assert events(resident, f"?entity:identifier={request}")[0]["id"] == first["id"]
    for wrong in ("_sort=date", "agent:missing=true", "altid=x", "agent-role=urn:phr:role|", "subject=x"):
        refused(resident.get(f"{ADDRESS}?{wrong}"), 400)


@proves("AuditEvent", "search", "date")
def test_dates_narrow_with_both_ends(resident, seen):
    """A day of the city, a moment, before and after."""
    now = datetime.now(UTC)
    tomorrow = (now + timedelta(days=2)).date().isoformat()
    assert events(resident, f"?date=ge{tomorrow}") == []
    assert events(resident, f"?date=lt{tomorrow}&date=gt2020-01-01")
    assert events(resident, "?date=le2020-01-01") == []
    for nothing in (
        "date=2020-01-01,2020-01-02",
        "date=ap2020-01-01",
        f"date=sa{tomorrow}",
        "date=eb2020-01-01",
    ):
        assert events(resident, f"?{nothing}") == []
    for all_of_it in ("date=ne2020-01-01", f"date=2020-01-01,ge2020-01-02&date=lt{tomorrow}"):
        assert events(resident, f"?{all_of_it}")
    for wrong in (
        "date=x",
        "action=X",
        "outcome=1",
        "foo=1",
    ):
        refused(resident.get(f"{ADDRESS}?{wrong}"), 400)


def test_pages_follow_each_other_without_a_gap_and_ask_again_each_time(resident, enter, seen, person):
    """Keyset links: all rows once; another's token gets nothing from them."""
    whole = [one["id"] for one in events(resident, "?date=lt2100-01-01&_count=200")]
    answer = resident.get(f"{ADDRESS}?date=lt2100-01-01&_count=2")
    ids = [one["id"] for one in found(answer)]
    following = link(answer, "next")
    stolen = following
    while following:
        answer = resident.get(following)
        ids += [one["id"] for one in found(answer)]
        following = link(answer, "next")
    assert len(ids) == len(set(ids))
    assert set(whole) <= set(ids)
    other = enter("p-somebody-else", "resident", "self", None)
    assert other.get(stolen).status_code in (200, 403, 404)
    assert seen not in other.get(stolen).text
    refused(resident.get(f"{ADDRESS}?_cursor=xx"), 400, "_cursor")


def test_a_resident_reads_nobody_elses_events(system, enter, resident, seen):
    """By patient, by id, by cursor: as if there were none."""
    theirs = events(resident, "?_count=1")[0]["id"]
    stranger = "p-other-reader"
    person = system.register.ensure(stranger, actor="t", role="system", request="t")
    other = enter(stranger, "resident", "self", person)
    assert found(other.get(f"{ADDRESS}?patient={seen}")) == []
    assert all(seen not in str(one) for one in events(other, "?_count=200"))
    missing = refused(other.get(f"{ADDRESS}/{theirs}"), 404)
    assert (
        missing == refused(other.get(f"{ADDRESS}/9-999999"), 404) == refused(other.get(f"{ADDRESS}/x"), 404)
    )
    assert events(other, f"?_id={theirs}") == []


def test_the_operator_reads_the_review_and_no_patient_id(operator, seen):
    """Refused and emergency reads with a pseudonym; nothing that went as it should."""
    chosen = events(operator, f"?patient={seen}&_count=200")
    assert {one["outcome"] for one in chosen} == {"4"}
    assert all(seen not in str(one) for one in chosen)
    assert "urn:phr:pseudonym" in str(chosen[0])


@pytest.mark.parametrize(
    ("role", "purpose"), [("nurse", "guidance"), ("operator", "operate"), ("registrar", "register")]
)
def test_other_roles_and_purposes_read_no_trail(enter, seen, role, purpose):
    """Whoever looked does not see who looked."""
    caller = enter(f"nosy-{role}", role, purpose)
    refused(caller.get(f"{ADDRESS}?patient={seen}"), 403)
    refused(caller.get(f"{ADDRESS}/1-1"), 403)


def test_a_query_is_told_as_a_query_and_holds_no_value(resident, seen):
    """entity.query is base64 of what the row knows; what was typed is not in the trail."""
    resident.get("/fhir/Observation?code=8867-4&_count=1")
    asked = events(resident, "?subtype=search&entity=Observation&_count=1")[0]
    query = next(one["query"] for one in asked["entity"] if "query" in one)
    assert base64.b64decode(query).decode().startswith("GET Observation")


def test_the_capability_statement_tells_of_it(stranger):
    """What is served is said."""
    kinds = {one["type"]: one for one in stranger.get("/fhir/metadata").json()["rest"][0]["resource"]}
    assert {one["code"] for one in kinds["AuditEvent"]["interaction"]} == {"read", "search-type"}


def test_a_page_of_fifty_is_made_from_compact_rows_in_milliseconds():
    """Rendering is a few dictionaries a row; 50 of them in well under 50 ms, also on a busy machine."""
    from uuid import uuid4

    from phr.domain.balp import Whose, render
    from phr.store.audit import AuditRow

    row = AuditRow(
        uuid4(), 1, 1, datetime.now(UTC), "r", "nurse", "n", "Organization/c", "guidance", "search", "Observation",
        "heart,body", 3, "ok", "", b"", b"",
    )  # fmt: skip
    best = min(
        _timed(lambda: [render(row, Whose("p"), "Organization/c", "http://x/fhir") for _ in range(50)])
        for _ in range(5)
    )
    assert best < 0.05


def _timed(work):
    began = time.thread_time()
    work()
    return time.thread_time() - began
