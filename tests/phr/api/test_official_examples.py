"""The official R4 examples: every one of a type that is written here is stored and given back equal."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from phr.domain.fhir.texts import dump, parse
from phr.domain.fhir.types import kinds
from tests.conftest import SHARED

EXAMPLES = SHARED / "data" / "fhir" / "r4-official-examples"
pytestmark = [
    pytest.mark.db,
    pytest.mark.shared,
    pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the official examples are not here"),
]
NOT_WRITTEN = {
    "AllergyIntolerance", "Bundle", "DeviceUseStatement", "DiagnosticReport", "Encounter", "MedicationRequest",
    "OperationOutcome",
}  # fmt: skip
"""Types of the examples that this interface does not write: messages, what the service writes itself, and what a PHR has not."""
ELSEWHERE = {"AuditEvent", "Consent", "Group", "Subscription"}
"""Types with rules of their own: the trail, consents of this service's profile, cohorts, and topics."""
PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "fhir.md"


def examples() -> list[dict[str, Any]]:
    return [parse(one.read_bytes()) for one in sorted(EXAMPLES.glob("*.json"))]


def about(resource: dict[str, Any], patient: str) -> dict[str, Any]:
    """A copy that is about this person: whose it is in the example is nobody here."""
    kind = kinds()[resource["resourceType"]]
    mine = {"reference": f"Patient/{patient}"}
    if kind.directory and kind.name != "Device":
        return resource
    name = kind.person[0]
    return {**resource, name: [mine] if name == "target" else mine}


def plain(resource: dict[str, Any]) -> str:
    """The content, without what the server says of it."""
    meta = {k: v for k, v in resource.get("meta", {}).items() if k not in {"versionId", "lastUpdated"}}
    rest = {k: v for k, v in sorted(resource.items()) if k not in {"meta", "id"}}
    return dump({**rest, "meta": meta} if meta else rest)


def test_every_official_example_of_a_written_type_comes_back_equal(there):
    """To the last digit, by create and by update, and read again."""
    counts: Counter[str] = Counter()
    for resource in examples():
        kind = resource["resourceType"]
        if kind not in kinds() or kind in NOT_WRITTEN | ELSEWHERE | {"Patient"}:
            counts[kind] += 1
            continue
        mine = about(resource, there.patient)
        writer = there.nurse if kinds()[kind].directory and kind != "Device" else there.collector
        body = dump({**mine, "id": f"{kind[:4]}.{resource['id']}"[:64]})
        answer = writer.put(f"/fhir/{kind}/{json.loads(body)['id']}", content=body)
        assert answer.status_code == 201, (kind, resource["id"], answer.text)
        kept = there.resident.get(f"/fhir/{kind}/{json.loads(body)['id']}")
        assert kept.status_code == 200, (kind, resource["id"], kept.text)
        assert plain(parse(kept.content)) == plain(mine), (kind, resource["id"])
        counts["stored"] += 1
    assert counts.pop("stored") == 168
    assert set(counts) == NOT_WRITTEN | ELSEWHERE | {"Patient"}


def test_the_page_says_what_becomes_of_each_example():
    """Every type of the examples has its row: how many there are, and whether they are stored."""
    there_are = Counter(one["resourceType"] for one in examples())
    table = PAGE.read_text("utf-8").split("## The official examples")[1].split("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if line[:1] == "|"
    ]
    listed = {
        name.strip("` "): (int(number), what)
        for types, number, what in rows[2:]
        for name, number in zip(types.split(","), number.split(","), strict=True)
    }
    assert {name: number for name, (number, _what) in listed.items()} == there_are
    stored = {name for name, (_number, what) in listed.items() if what.startswith("stored")}
    assert stored == set(there_are) - NOT_WRITTEN - ELSEWHERE


def test_every_official_patient_goes_through_the_register(there):
    """As the counter enters them; an example whose id is taken in this city would be somebody else."""
    for resource in (one for one in examples() if one["resourceType"] == "Patient"):
        answer = there.registrar.post("/fhir/Patient", content=dump(resource))
        assert answer.status_code == 201, (resource["id"], answer.text)
        assert plain(parse(answer.content)) == plain(resource)
