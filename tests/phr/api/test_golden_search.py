"""Golden searches over HTTP: answers worked out by hand from the R4 search page, in the zone of the city."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest

from phr.asgi import create_app
from phr.bootstrap import start
from phr.domain.documents import describe
from phr.ids import person_id
from tests.build import CITY, agree
from tests.conftest import SHARED, settings_at
from tests.phr.api.conftest import Client

FILE = SHARED / "data" / "fhir" / "search_cases.json"
GOLDEN = json.loads(FILE.read_text()) if FILE.exists() else {"cases": [], "resources": []}
RECIPIENT = "Organization/golden"
SUBSETTED = "SUBSETTED"

pytestmark = [
    pytest.mark.db,
    pytest.mark.shared,
    pytest.mark.skipif(not FILE.exists(), reason="the golden search cases are not beside the repository"),
]


@pytest.fixture(scope="module")
def ask(database_url):
    """A client to whom the people of the golden resources, and nobody else, have agreed; what names none is p3's."""
    system = start(settings_at(database_url))
    app = create_app(system)
    for one in GOLDEN["resources"]:
        if one["resourceType"] == "Patient":
            person = system.register.put(one, actor="t", role="system", request="t")[0]
            agree(system, person, one["id"], recipients=(RECIPIENT, CITY))
    system.accounts.put("golden", "nurse", recipient=RECIPIENT, request="test")
    client = Client(app, system.accounts.issue("golden", "token", purpose="guidance", request="test"))
    for one in GOLDEN["resources"]:
        if one["resourceType"] == "Observation":
            made = replace(describe(one, system.settings.tz, lambda: "n"), category="heart")
            system.receive(person_id(made.subject or "p3"), [], documents=[made], request="t")
        elif one["resourceType"] == "Practitioner":
            sent = {"Content-Type": "application/fhir+json"}
            answer = client.put(f"/fhir/Practitioner/{one['id']}", content=json.dumps(one), headers=sent)
            assert answer.status_code in (200, 201), answer.text
    yield client
    system.close()


def pages(ask, case):
    """The answer, and all entries of it and of the pages that follow where the case wants them."""
    address = case["query"].replace("{base}", "http://127.0.0.1:8000/fhir")
    if case.get("method") == "POST":
        first = ask.post(f"/fhir/{address}", content=case["body"], headers=case.get("headers", {}))
    else:
        first = ask.get(f"/fhir/{address}", headers=case.get("headers", {}))
    answer, entries = first, []
    while True:
        bundle = answer.json()
        entries.append(bundle.get("entry", []))
        links = {one["relation"]: one["url"] for one in bundle.get("link", [])}
        if not case.get("follow_next") or "next" not in links:
            return first, entries
        answer = ask.get(links["next"])


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: f"{case['n']}-{case['query'][:60]}")
def test_the_answer_is_the_one_worked_out_by_hand(ask, case):
    """Ids, order, totals, includes, elements and links are those of the case; strict search drops no parameter."""
    answer, entries = pages(ask, case)
    assert answer.status_code == case["status"], answer.text
    body = answer.json()
    if case["status"] != 200:
        assert body["resourceType"] == "OperationOutcome"
        return
    links = {one["relation"]: one["url"] for one in body["link"]}
    asked = {name for name, _value in parse_qsl(urlsplit(case["query"]).query)}
    assert asked <= {name for name, _value in parse_qsl(urlsplit(links["self"]).query)}
    assert body["type"] == "searchset"
    expected = case.get("alternatives", {}).get("server_zone=Asia/Tokyo", case["expect_ids"])
    matches = [one["resource"] for page in entries for one in page if one["search"]["mode"] == "match"]
    found = [one["id"] for one in matches]
    assert (found if case.get("ordered") else sorted(found)) == (
        expected if case.get("ordered") else sorted(expected)
    )
    assert all(len(page) <= case.get("page_max", 99) for page in entries)
    included = {
        f"{one['resource']['resourceType']}/{one['resource']['id']}"
        for page in entries
        for one in page
        if one["search"]["mode"] == "include"
    }
    assert included == set(case.get("include_ids", []))
    assert body.get("total", case.get("total")) == case.get("total", body.get("total"))
    if "total" in case:
        assert body["total"] == case["total"]
    for one in matches:
        assert not set(case.get("absent", [])) & set(one)
        assert set(case.get("present", [])) <= set(one)
        tags = {tag["code"] for tag in one["meta"].get("tag", [])}
        assert (SUBSETTED in tags) is case.get("subsetted", False)


def test_there_are_golden_cases_to_run():
    """An empty file would make all of this pass for nothing."""
    assert len(GOLDEN["cases"]) >= 60
