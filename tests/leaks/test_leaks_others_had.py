"""One test for each row of the list of consent leaks that other systems had (docs/explanation/leaks.md), against the real interfaces.

A row about something that this service does not have is tested on the nearest thing that it has, and on the absence.
"""

from __future__ import annotations

import io
import json
import socket
import threading
import zipfile

import psycopg
import pytest

from phr.domain.access import Access
from phr.errors import PhrError
from tests.build import agree
from tests.leaks.town import CITY, DENIED, WORDS, entries, share, shows, withdraw
from tests.phr.store.door import enter, nurse, seen

pytestmark = pytest.mark.db
ABSENT = {404, 405}


def page(town, more=""):
    return f"/fhir/Observation?patient={town.victim}{more}"


def shown(who, answer):
    """The marks of the victim in an answer; the counter keeps the register, so it may know who somebody is."""
    return [mark for mark in shows(answer) if who != "the counter" or mark in {"187", "143.0", WORDS}]


def next_of(answer):
    return next((one["url"] for one in answer.json()["link"] if one["relation"] == "next"), None)


@pytest.fixture
def a_nurse(town):
    return town.token("nurse-rows", "nurse", "guidance")


def test_row_01_bulk_export_without_the_check(town, attackers):
    """An export reads through the door like everything else: it holds nobody without that consent, and neither does a release."""
    wanted = {"Prefer": "respond-async", "Accept": "application/fhir+json"}
    begun = []
    for who, caller in attackers.items():
        for address in ("/fhir/$export", "/fhir/Patient/$export", "/fhir/Group/all/$export"):
            answer = caller.get(address, headers=wanted)
            assert shows(answer) == [], who
            if answer.status_code == 202:
                begun.append((who, caller, answer.headers["content-location"]))
            else:
                assert answer.status_code in DENIED, (who, address)
    assert {who for who, _caller, _place in begun} == {"another resident", "a researcher with names"}
    town.system.bulk_jobs.round(request="leaks-test")
    for who, caller, place in begun:
        manifest = caller.get(place)
        assert manifest.status_code == 200, who
        assert not any(shows(caller.get(one["url"])) for one in manifest.json()["output"]), who
        assert caller("DELETE", place).status_code == 202
    for purpose in ("research-deidentified", "research-identifiable"):
        access = Access("researcher", "res-leak", "Organization/univ-leak", purpose, "t")
        with town.system.store.begin(access) as uow:
            assert town.person not in {one.person_id for one in uow.people.traits([town.person])}
            uow.commit()


def test_row_02_the_next_page_asks_for_consent_again(town, a_nurse):
    """A link to the next page is worth nothing after the withdrawal, and never for another token."""
    consent = share(town)
    first = a_nurse.get(page(town, "&_count=5"))
    following = next_of(first)
    assert len(entries(first)) == 5
    assert following
    assert len(entries(a_nurse.get(following))) == 5, "the link works while the consent lives"
    stranger = town.token(town.other, "resident", "self", town.other_person)
    assert entries(stranger.get(following)) == []
    withdraw(town, consent)
    after = a_nurse.get(following)
    assert entries(after) == []
    assert shows(after) == []


def said(answer):
    """What an answer says, without the links, which repeat what was asked."""
    if answer.status_code != 200:
        return answer.status_code, answer.text
    return 200, {name: value for name, value in answer.json().items() if name != "link"}


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("_has:Observation:patient:code=8867-4", "_has:Observation:patient:code=0000-0"),
        ("_has:Observation:patient:combo-value-quantity=gt100", "_has:Observation:patient:combo-value-quantity=gt9000"),
        ("_has:Observation:subject:date=ge2000", "_has:Observation:subject:date=ge2150"),
        ("patient.name=漏洩", "patient.name=存在"),
        ("subject:Patient.name=漏洩", "subject:Patient.name=存在"),
        ("patient:Patient.birthdate=1961-04-05", "patient:Patient.birthdate=1962-04-05"),
        ("subject:Patient._has:Observation:patient:code=8867-4", "subject:Patient._has:Observation:patient:code=0-0"),
    ],
)  # fmt: skip
def test_row_03_reverse_chains_and_chains_infer_nothing(town, attackers, query, wrong):
    """Each step is a search through the gate: the answer is the same whether what they ask is true or not."""
    for who, caller in attackers.items():
        for address in (f"/fhir/Patient?_id={town.victim}", page(town), page(town, "&_summary=count")):
            true, false = caller.get(f"{address}&{query}"), caller.get(f"{address}&{wrong}")
            assert said(true) == said(false), (who, address)
            assert entries(true) == [], (who, address)
            assert shown(who, true) in ([], ["漏洩"]), (who, address)


def test_row_04_no_answer_is_kept_for_later(town, a_nurse):
    """The same search right after the withdrawal is empty, and no answer may be stored on the way."""
    consent = share(town)
    before = a_nurse.get(page(town))
    assert entries(before)
    withdraw(town, consent)
    assert entries(a_nurse.get(page(town))) == []
    for answer in (before, a_nurse.get(f"/fhir/Patient/{town.victim}")):
        assert answer.headers["cache-control"] == "no-store"


def test_row_05_the_export_of_one_patient_is_for_who_may_see_each_part(town, attackers):
    """$everything for anybody without consent: nothing of the person, for whatever group or list is named."""
    for who, caller in attackers.items():
        for address in (
            f"/fhir/Patient/{town.victim}/$everything",
            f"/fhir/Patient/{town.victim}/$export",
            "/fhir/Group",
            f"/fhir/Group/{town.victim}",
            "/fhir/List",
        ):
            answer = caller.get(address)
            assert answer.status_code in DENIED or {one["resourceType"] for one in entries(answer)} <= {
                "Patient"
            }, (who, address)
            assert shown(who, answer) == [], (who, address)


@pytest.mark.parametrize(
    "more",
    [
        "_include=Observation:subject",
        "_include=*",
        "_revinclude=Provenance:target",
        "_include:iterate=Observation:has-member",
    ],
)
def test_row_06_includes_pull_nobody_in(town, attackers, a_nurse, more):
    """What is included passes the gate by itself; a search over several patients gives those who agreed."""
    for who, caller in attackers.items():
        answer = caller.get(page(town, f"&{more}"))
        assert entries(answer) == [], who
        assert shows(answer) == [], who
    agree(town.system, town.other_person, town.other, purposes=("guidance",), recipients=(CITY,))
    both = a_nurse.get(f"/fhir/Observation?patient={town.other},{town.victim}&_count=1000")
    assert both.status_code == 200
    assert shows(both) == []
    around = a_nurse.get(
        f"/fhir/Patient?_id={town.other}&_revinclude=Observation:patient&_revinclude=Provenance:target"
    )
    assert {one["id"] for one in entries(around)} == {town.other}
    assert shows(around) == []


def test_row_07_jobs_are_no_oracle(town, attackers):
    """Exports of others look like those of nobody (tests/conformance/bulk); so do uploads, releases and copies."""
    for who, caller in attackers.items():
        for address in (
            "/fhir/$bulk/00000000-0000-4000-8000-000000000001",
            "/fhir/$bulk/1",
            "/fhir/$export-status/1",
            "/fhir/$export-poll-status?_jobId=1",
            "/fhir/_async/1",
        ):
            assert caller.get(address).status_code in {*ABSENT, *DENIED}, who
        tasks = caller.get("/fhir/Task")
        assert tasks.status_code in DENIED or entries(tasks) == [], who


def test_row_08_there_are_no_files_behind_an_id_alone(town, attackers):
    """No Binary; a file of an export is for the client that asked (tests/conformance/bulk), any other for its owner's session."""
    for who, caller in attackers.items():
        for address in (
            "/fhir/$bulk/00000000-0000-4000-8000-000000000001/00000000-0000-4000-8000-000000000002",
            "/fhir/Binary/1",
            f"/fhir/Binary/{town.victim}",
            "/files/1",
            "/static/../uploads",
        ):
            answer = caller.get(address)
            assert answer.status_code in DENIED, (who, address)
            assert shows(answer) == [], who
        documents = caller.get("/fhir/DocumentReference")
        assert documents.status_code in DENIED or entries(documents) == [], who


def test_row_09_no_graphql_resolves_references(town, attackers):
    """There is none; what follows references here ($reconciled, Provenance) reads with the same context."""
    question = {"query": "{ PatientList { name { text } } }"}
    for who, caller in attackers.items():
        for address in ("/graphql", "/fhir/$graphql", f"/fhir/Patient/{town.victim}/$graphql"):
            assert caller.post(address, json=question).status_code in {*DENIED, 415}, who
        answer = caller.get(
            f"/fhir/Observation/$reconciled?patient={town.victim}&code=8867-4&start=2026-01-01&end=2027-01-01"
        )
        assert answer.status_code in DENIED or entries(answer) == [], who
        assert shows(answer) == [], who


def test_row_10_everything_is_read_anew_each_time(town, a_nurse):
    """$everything right after the withdrawal holds nothing of what it held before."""
    consent = share(town)
    before = a_nurse.get(f"/fhir/Patient/{town.victim}/$everything?_count=1000")
    assert "187" in before.text
    withdraw(town, consent)
    after = a_nurse.get(f"/fhir/Patient/{town.victim}/$everything?_count=1000")
    assert shows(after) == []


def test_row_11_what_was_deleted_is_in_no_page_that_was_opened_before(town, a_nurse, database_url):
    """A page's link holds a place, not a snapshot: rows that are gone are gone from the next page."""
    consent = share(town)
    answer = a_nurse.get(page(town, "&code=8867-4&_count=5"))
    following = next_of(answer)
    with psycopg.connect(database_url, autocommit=True) as admin:
        kept = admin.execute(
            "SELECT count(*) FROM phr.vital_chunk WHERE person_id = %s AND code = '8867-4'", (town.person,)
        ).fetchone()
        assert kept != (0,)
        with admin.transaction():
            admin.execute(
                "CREATE TEMP TABLE aside AS SELECT * FROM phr.vital_chunk WHERE person_id = %s AND code = '8867-4'",
                (town.person,),
            )
            admin.execute(
                "DELETE FROM phr.vital_chunk WHERE person_id = %s AND code = '8867-4'", (town.person,)
            )
        try:
            assert entries(a_nurse.get(following)) == []
        finally:
            admin.execute("INSERT INTO phr.vital_chunk SELECT * FROM aside")
    withdraw(town, consent)


def test_row_12_reads_obey_consent(town, attackers):
    """Search, read, Patient, Consent and AuditEvent: nothing of the victim to anybody; the counter knows who is registered."""
    own = town.token(town.victim, "resident", "self", town.person)
    identity = entries(own.get(page(town, "&_count=1")))[0]["id"]
    assert shows(own.get(page(town, "&_count=100")))
    for who, caller in attackers.items():
        for address in (
            page(town),
            f"/fhir/Observation/{identity}",
            f"/fhir/Patient/{town.victim}",
            f"/fhir/Patient?_id={town.victim}",
            f"/fhir/Consent?patient={town.victim}",
            f"/fhir/AuditEvent?patient={town.victim}",
        ):
            answer = caller.get(address)
            readable = who == "the counter" and ("Consent" in address or "Patient" in address)
            assert answer.status_code in DENIED or entries(answer) == [] or readable, (who, address)
            assert shown(who, answer) == [], (who, address)


@pytest.mark.parametrize(
    "more",
    [
        "_summary=count",
        "_summary=true",
        "_total=accurate",
        "_total=estimate",
        "_elements=id",
        "_contained=true",
    ],
)
def test_row_13_counts_and_summaries_tell_of_no_hidden_row(town, attackers, more):
    """Known and unknown are answered alike, with every total and shape, and a patch finds nothing; totals count what is shown."""
    for who, caller in attackers.items():
        known = caller.get(page(town, f"&{more}"))
        unknown = caller.get(f"/fhir/Observation?patient=p-nobody&{more}")
        assert said(known) == said(unknown), who
        assert known.status_code in DENIED or known.json().get("total", 0) == 0, who
        test = b'[{"op":"test","path":"/status","value":"final"}]'
        patches = [
            caller(
                "PATCH",
                f"/fhir/Observation/{identity}",
                content=test,
                headers={"Content-Type": "application/json-patch+json"},
            )
            for identity in (town.victim, "p-nobody")
        ]
        assert said(patches[0]) == said(patches[1]), who
        assert patches[0].status_code in DENIED, who


def test_row_14_a_kind_of_data_that_consent_does_not_know_is_closed(town, database_url):
    """A permit for any kind does not reach a row of a kind that is on no list."""
    consent = share(town)
    with psycopg.connect(database_url, autocommit=True) as admin:
        moved = "UPDATE phr.vital_day SET category = %s WHERE person_id = %s AND code = '8867-4'"
        admin.execute(moved, ("unheard-of", town.person))
        try:
            with town.system.database.app() as app:
                enter(town.system, app, nurse(town.person))
                codes = {
                    row[0]
                    for row in app.execute(
                        "SELECT code FROM phr.vital_day WHERE person_id = %s", (town.person,)
                    )
                }
                assert codes == {"85354-9"}
                assert "vital_day" in seen(app, ["vital_day"], town.person)
        finally:
            admin.execute(moved, ("heart", town.person))
    withdraw(town, consent)


EVIL = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY secret SYSTEM "{url}"><!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
    '<{root}><Record type="HKQuantityTypeIdentifierHeartRate" sourceName="&secret;&b;" unit="count/min" value="61"'
    ' startDate="2026-03-05 10:00:00 +0900" endDate="2026-03-05 10:00:00 +0900"/></{root}>'
)


def test_row_15_no_entity_is_resolved_and_no_address_is_called(town, tmp_path, attackers):
    """XML with entities is refused whole; addresses inside resources are text; a listener on this machine hears nothing."""
    calls = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/secret"
        thread = threading.Thread(target=_listen, args=(listener, calls))
        thread.start()
        secret = tmp_path / "secret.txt"
        secret.write_text("秘密の行")
        for target in (url, secret.as_uri()):
            for name, root in (("apple-health", "HealthData"), ("checkup-xml", "ClinicalDocument")):
                path = tmp_path / f"{name}.zip"
                made = io.BytesIO()
                with zipfile.ZipFile(made, "w") as archive:
                    archive.writestr("apple_health_export/export.xml", EVIL.format(url=target, root=root))
                    archive.writestr("DATA/a.xml", EVIL.format(url=target, root=root))
                path.write_bytes(made.getvalue())
                _import(town, name, path)
        own = town.token(town.victim, "resident", "self", town.person)
        evil = {
            "resourceType": "Observation",
            "subject": {"reference": f"Patient/{town.victim}"},
            "implicitRules": url,
        }
        for body in (json.dumps(evil), EVIL.format(url=url, root="Observation")):
            kind = "application/fhir+json" if body.startswith("{") else "application/fhir+xml"
            for caller in (own, *attackers.values()):
                assert caller.post(
                    "/fhir/Observation", content=body.encode(), headers={"Content-Type": kind}
                ).status_code in {*DENIED, 415, 422}
        thread.join()
    assert calls == []
    text = own.get(page(town, "&_count=1000")).text
    assert "秘密の行" not in text


def _listen(listener, calls):
    try:
        calls.append(listener.accept()[1])
    except TimeoutError:
        return


def _import(town, name, path):
    try:
        town.system.importing(name, path, request="t", person=town.person)
    except PhrError as error:
        assert "秘密" not in str(error)  # noqa: PT017 - refused or read without it; both are fine
