"""Golden searches: answers worked out by hand from the R4 search page."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest

from phr.domain.documents import describe
from phr.errors import Invalid
from phr.ids import person_id
from phr.services.observations import Observations
from tests.build import agree
from tests.conftest import SHARED
from tests.phr.services.scenes import nurse
from tests.phr.services.test_search import query_of, walk

FILE = SHARED / "data" / "fhir" / "search_cases.json"
KNOWN = {"code", "category", "date", "status", "patient", "_id", "_count", "_sort"}
GOLDEN = json.loads(FILE.read_text()) if FILE.exists() else {"cases": [], "resources": []}

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not FILE.exists(), reason="the golden search cases are not beside the repository"),
]


def parameters(case):
    return parse_qsl(urlsplit(case["query"]).query, keep_blank_values=True)


CASES = [
    one
    for one in GOLDEN["cases"]
    if one["query"].startswith("Observation?") and {n for n, _ in parameters(one)} <= KNOWN
]


@pytest.fixture
def people(system):
    """The golden resources, stored as documents; what names no Patient is p3's."""
    found = {}
    for one in GOLDEN["resources"]:
        if one["resourceType"] == "Patient":
            person = system.register.put(one, actor="t", role="system", request="t")[0]
            found[person] = one["id"]
            with system.store.begin(nurse()) as uow:
                known = uow.consents.lines(person)
            if not known:
                agree(system, person, one["id"])
    for one in GOLDEN["resources"]:
        if one["resourceType"] == "Observation":
            made = replace(describe(one, system.settings.tz, lambda: "n"), category="heart")
            system.receive(person_id(made.subject or "p3"), [], documents=[made], request="t")
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['n']}-{case['query']}")
def test_the_answer_is_the_one_worked_out_by_hand(system, people, case):
    """In the zone of the city, where the day matters."""
    given = dict(parameters(case))
    rest = [pair for pair in parameters(case) if pair[0] not in {"patient", "_count", "_sort"}]
    wanted_people = people
    if "patient" in given:
        names = {part.rsplit("/", 1)[-1] for part in given["patient"].split(",")}
        wanted_people = {person: name for person, name in people.items() if name in names}

    def answer():
        query = query_of(rest, system.settings.tz, int(given.get("_count", 50)), given.get("_sort") != "date")
        return walk(Observations(system.store, system.settings.tz), query, wanted_people, nurse())[0]

    if case["status"] == 400:
        with pytest.raises(Invalid):
            answer()
        return
    expected = case.get("alternatives", {}).get(f"server_zone={system.settings.zone}", case["expect_ids"])
    found = answer()
    assert (found if case.get("ordered") else sorted(found)) == (
        expected if case.get("ordered") else sorted(expected)
    )


def test_there_are_golden_cases_to_run():
    """A typo in the filter would make this file pass for nothing."""
    assert len(CASES) >= 20
