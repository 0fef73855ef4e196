"""$import: the same intake as single resources, an outcome for each line, nothing twice, and nothing fetched from anywhere."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest

from phr.services.bulk.importing import Importing
from tests.build import CITY
from tests.conformance.bulk.scene import ASYNC, lines
from tests.proves import proves

pytestmark = pytest.mark.db
LINES = {**ASYNC, "Content-Type": "application/fhir+ndjson"}


@pytest.fixture
def sender(scene):
    """A nurse of the city who delivers."""
    return scene.client("sender", "nurse", "collect", CITY)


def beat(patient, minute, value=61, **more):
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": f"2026-04-01T09:{minute:02d}:00+09:00",
        "valueQuantity": {
            "value": value,
            "unit": "/min",
            "system": "http://unitsofmeasure.org",
            "code": "/min",
        },
        **more,
    }


def ndjson(*resources):
    return b"".join(json.dumps(one).encode() + b"\n" for one in resources)


def sent(scene, client, body):
    """Status and outcomes of an import: (line, severity, text)."""
    begun = client("POST", "/fhir/$import", headers=LINES, content=body)
    assert begun.status_code == 202, begun.text
    scene.work()
    manifest = client.get(begun.headers["content-location"])
    assert manifest.status_code == 200, manifest.text
    told = []
    for section in ("output", "error"):
        for one in lines(client, manifest.json(), section):
            issue = one["issue"][0]
            told.append((issue["location"][0], issue["severity"], issue["diagnostics"]))
    client("DELETE", begun.headers["content-location"])
    return sorted(told)


def held(scene, who):
    found = scene.resident(who).get(f"/fhir/Observation?patient={who.patient}&date=2026-04-01&_count=1000")
    return [entry["resource"] for entry in found.json().get("entry", [])]


@proves("*", "operation", "import")
def test_each_line_has_its_outcome_and_good_lines_do_not_wait_for_bad_ones(scene, sender):
    """Stored, broken, of nobody, of a kind that is not taken: by the number of the line."""
    who = scene.somebody()
    body = (
        ndjson(beat(who.patient, 0), beat(who.patient, 1))
        + b"{broken\n\n"
        + ndjson(
            beat(f"{who.patient}-nobody", 2),
            {"resourceType": "Patient", "id": who.patient, "gender": "female"},
            {"resourceType": "Nonsense"},
            beat(who.patient, 3, value="uncountable"),
        )
    )
    told = sent(scene, sender, body)
    assert [(place, severity) for place, severity, _text in told] == [
        *[(f"input 1, line {n}", "information") for n in (1, 2)],
        *[(f"input 1, line {n}", "error") for n in (3, 5, 6, 7, 8)],
    ]
    assert len(held(scene, who)) == 2
    assert "register" in told[4][2]
    assert all("uncountable" not in text and "nobody" not in text for _place, _severity, text in told)


def test_the_same_lines_again_change_nothing(scene, sender):
    """Idempotent: the second time everything is there already, documents too."""
    who = scene.somebody()
    document = {
        "resourceType": "Immunization",
        "status": "completed",
        "vaccineCode": {"text": "MR"},
        "patient": {"reference": f"Patient/{who.patient}"},
        "occurrenceDateTime": "2026-04-01",
    }
    body = ndjson(beat(who.patient, 0), document)
    first, again = sent(scene, sender, body), sent(scene, sender, body)
    assert [text.partition(":")[0] for _place, _severity, text in first] == ["stored", "stored"]
    assert [text.partition(":")[0] for _place, _severity, text in again] == ["already there", "already there"]
    assert len(held(scene, who)) == 1


def test_without_consent_to_collect_nothing_is_stored(scene, sender):
    """The rule of every delivery."""
    who = scene.somebody()
    held_consents = scene.system.consents.all(who.person, actor=who.patient, role="resident", request="test")
    for one in held_consents:
        scene.system.consents.withdraw(
            who.person, str(one.consent.id), actor=who.patient, role="resident", request="test"
        )
    told = sent(scene, sender, ndjson(beat(who.patient, 0)))
    assert [severity for _place, severity, _text in told] == ["error"]
    assert held(scene, who) == []


def test_a_resident_brings_in_the_own_data_only(scene):
    """Another's id looks like one that nobody has."""
    me, other = scene.somebody(), scene.somebody()
    mine = scene.resident(me)
    del mine.headers["Authorization"]
    token = scene.system.accounts.issue(me.patient, "token", purpose="collect", request="test")
    mine.headers["Authorization"] = f"Bearer {token}"
    told = sent(scene, mine, ndjson(beat(me.patient, 0), beat(other.patient, 1), beat("nobody-at-all", 2)))
    assert [severity for _place, severity, _text in told] == ["information", "error", "error"]
    assert told[1][2] == told[2][2] == "no such patient"
    assert len(held(scene, me)) == 1
    assert held(scene, other) == []


def test_parameters_hold_their_lines_and_no_address_is_fetched(scene, sender):
    """Inputs inline; an address is refused before anything is asked of it."""
    who = scene.somebody()
    data = base64.b64encode(ndjson(beat(who.patient, 0))).decode()
    content = {"name": "content", "valueAttachment": {"contentType": "application/fhir+ndjson", "data": data}}
    inputs = [
        {"name": "inputFormat", "valueCode": "application/fhir+ndjson"},
        {"name": "input", "part": [content]},
    ]
    begun = sender.begin("/fhir/$import", {"resourceType": "Parameters", "parameter": inputs})
    assert begun.status_code == 202, begun.text
    scene.work()
    assert len(held(scene, who)) == 1
    sender("DELETE", begun.headers["content-location"])
    address = {"name": "input", "part": [{"name": "url", "valueUrl": "http://169.254.169.254/latest"}]}
    for wrong in (
        [address],
        [],
        [{"name": "input", "part": [{"name": "content"}]}],
        [{"name": "other"}],
        [4],
    ):
        answer = sender.begin("/fhir/$import", {"resourceType": "Parameters", "parameter": wrong})
        assert answer.status_code == 400, wrong


def test_other_roles_and_forms_are_refused(scene, sender):
    """Only those who deliver, only NDJSON, and only later."""
    reader = scene.client("reader")
    assert reader("POST", "/fhir/$import", headers=LINES, content=b"").status_code == 403
    assert (
        sender(
            "POST", "/fhir/$import", headers={**ASYNC, "Content-Type": "text/csv"}, content=b"x"
        ).status_code
        == 415
    )
    plain = {"Content-Type": "application/fhir+ndjson"}
    assert sender("POST", "/fhir/$import", headers=plain, content=b"").status_code == 400


def test_a_lost_worker_costs_no_line_and_doubles_none(scene, sender, monkeypatch):
    """The next round goes on behind the last block that was noted."""
    monkeypatch.setattr("phr.services.bulk.importing._BLOCK", 2)
    who = scene.somebody()
    begun = sender(
        "POST", "/fhir/$import", headers=LINES, content=ndjson(*(beat(who.patient, n) for n in range(5)))
    )
    true, calls = Importing._list, []

    def dies(self, *given):
        calls.append(given)
        if len(calls) == 2:
            raise KeyboardInterrupt  # the process ends here
        true(self, *given)

    monkeypatch.setattr(Importing, "_list", dies)
    with pytest.raises(KeyboardInterrupt):
        scene.work()
    monkeypatch.setattr(Importing, "_list", true)
    assert sender.get(begun.headers["content-location"]).status_code == 202, (
        "another worker's lease still runs"
    )
    scene.clock.tick(timedelta(minutes=3))
    scene.work()
    manifest = sender.get(begun.headers["content-location"]).json()
    told = [one["issue"][0]["location"][0] for one in lines(sender, manifest)]
    assert sorted(told) == [f"input 1, line {n}" for n in range(1, 6)]
    assert len(held(scene, who)) == 5


def test_a_resident_brings_in_ids_that_another_system_counted(scene):
    """Each stands under an id of its own here, links among them too; twice is once, and a taken id looks like a free one."""
    me, other = scene.somebody(), scene.somebody()
    for who in (me, other):
        whose = {"subject": {"reference": f"Patient/{who.patient}"}}
        body = ndjson(
            {"resourceType": "Condition", "id": "1", "code": {"text": "x"}, **whose},
            {
                "resourceType": "Goal",
                "id": "1",
                "lifecycleStatus": "active",
                "description": {"text": "x"},
                "addresses": [{"reference": "Condition/1"}],
                **whose,
            },
        )
        mine = scene.resident(who)
        token = scene.system.accounts.issue(who.patient, "token", purpose="collect", request="test")
        mine.headers["Authorization"] = f"Bearer {token}"
        first, again = sent(scene, mine, body), sent(scene, mine, body)
        assert [text.partition(":")[0] for _place, _severity, text in first] == ["stored"] * 2, first
        assert [text.partition(":")[0] for _place, _severity, text in again] == ["already there"] * 2
    reader = scene.resident(me)
    [goal] = [one["resource"] for one in reader.get("/fhir/Goal").json()["entry"]]
    [condition] = [one["resource"] for one in reader.get("/fhir/Condition").json()["entry"]]
    assert goal["addresses"] == [{"reference": f"Condition/{condition['id']}"}]
    assert "1" not in (goal["id"], condition["id"])
