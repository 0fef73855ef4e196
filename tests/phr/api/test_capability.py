"""The CapabilityStatement says what the tests prove, no more and no less."""

from __future__ import annotations

import re
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from fhir.resources.R4B.capabilitystatement import CapabilityStatement

import phr.api
from docs.generate import routes
from phr.api.capability import statement
from phr.domain.fhir.types import kinds
from phr.domain.fhirsearch import PARAMETERS, matches
from phr.domain.subscriptions.topics import TOPICS
from tests import proves as registry
from tests.phr.api.conftest import found, refused
from tests.proves import proves

ZONE = ZoneInfo("Asia/Tokyo")


def rest(base: str = "https://city.example.jp") -> dict:
    """The server's part of the statement."""
    return statement(base)["rest"][0]


def test_the_statement_is_made_of_what_the_tests_prove():
    """Run ``python -m tests.proves`` when this fails: the marks and the file have parted."""
    assert registry.FILE.read_bytes() == registry.written()


@pytest.mark.parametrize(
    "wrong",
    [
        '@proves("Observation", "interaction", "write")\ndef test_x(): ...',
        '@proves("Observation", "interaction", "batch")\ndef test_x(): ...',
        '@proves("*", "interaction", "read")\ndef test_x(): ...',
        '@proves("Observation", "magic", "x")\ndef test_x(): ...',
        '@proves("Observation", "search")\ndef test_x(): ...',
        '@proves("Observation", "search", "code")\ndef helper(): ...',
        '@pytest.mark.skip\n@proves("Observation", "search", "code")\ndef test_x(): ...',
        '@pytest.mark.xfail(reason="x")\n@proves("Observation", "search", "code")\ndef test_x(): ...',
    ],
)
def test_a_mark_that_proves_nothing_is_refused(wrong):
    """Wrong words, helpers, and tests that may not run."""
    with pytest.raises(ValueError, match="prove"):
        list(registry.marks(wrong))


@proves("*", "operation", "validate")
def test_the_statement_is_valid_fhir_and_is_read_without_a_token(stranger):
    """R4, JSON only, and every type that it names is one that the service holds."""
    answer = stranger.get("/fhir/metadata")
    body = answer.json()
    CapabilityStatement.model_validate(body)
    assert (body["fhirVersion"], body["kind"]) == ("4.0.1", "instance")
    assert body["format"] == ["application/fhir+json", "json"]
    assert {one["type"] for one in body["rest"][0]["resource"]} <= set(kinds())
    outcome = stranger.post("/fhir/$validate", json=body)
    refused(outcome, 401)


def test_each_route_of_a_type_is_proven():
    """A route with a type in its address that no test proves an interaction of is found here."""
    named = {}
    for one in rest()["resource"]:
        codes = {each["code"] for each in one.get("interaction", [])}
        named[one["type"]] = codes | {f"${each['name']}" for each in one.get("operation", [])}
    for method, path, _meaning in routes(phr.api):
        typed = re.fullmatch(
            r"/fhir/([A-Z]\w+)(?:/\{\w+\})?(?:/(\$\w+|_search|_history(?:/\{\w+\})?))?", path
        )
        if method == "HEAD" or typed is None or typed[1] not in kinds():
            continue
        wanted = interaction(method, path, typed[2] or "")
        assert wanted in named.get(typed[1], set()), (method, path, wanted)


def interaction(method: str, path: str, last: str) -> str:
    """What a route is called in the statement."""
    if last.startswith("$"):
        return last
    if last == "_search":
        return "search-type"
    if last.startswith("_history"):
        return "vread" if "{" in last else ("history-instance" if "{" in path else "history-type")
    one = "{" in path
    return {
        "GET": "read" if one else "search-type",
        "POST": "create",
        "PUT": "update",
        "PATCH": "patch",
        "DELETE": "delete",
    }[method]


def test_topics_are_those_of_the_table():
    """A client finds them where the backport says."""
    listed = next(one for one in rest()["resource"] if one["type"] == "Subscription")["extension"]
    assert {one["valueCanonical"] for one in listed} == set(TOPICS)


@proves("Group", "interaction", "create", "read", "update", "patch", "delete", "search-type")
def test_a_cohort_is_kept_by_who_may_keep_one(enter, record):
    """A researcher's Group: made, read, changed, found, and taken away."""
    client = enter(f"r-{uuid4().hex[:6]}", "researcher", "research-identifiable")
    member = {"entity": {"reference": f"Patient/{record}"}}
    group = {"resourceType": "Group", "type": "person", "actual": True, "member": [member]}
    made = client.post("/fhir/Group", json=group)
    assert made.status_code == 201, made.text
    identity = made.json()["id"]
    place = f"/fhir/Group/{identity}"
    assert client.get(place).json()["member"] == [member]
    assert client.put(place, json={**group, "id": identity, "name": "study"}).json()["name"] == "study"
    assert identity in {one["id"] for one in found(client.get("/fhir/Group"))}
    named = [{"op": "add", "path": "/member", "value": [{"entity": {"reference": "Patient/p-member"}}]}]
    as_patch = {
        "Content-Type": "application/json-patch+json",
        "If-Match": client.get(f"/fhir/Group/{identity}").headers["etag"],
    }
    patched = client("PATCH", f"/fhir/Group/{identity}", json=named, headers=as_patch)
    assert patched.json()["quantity"] == 1, patched.text
    refused(client("PATCH", f"/fhir/Group/{identity}", json=named, headers=as_patch), 412)
    assert found(client.get("/fhir/Group?member=Patient/p-nobody")) == []
    assert [one["id"] for one in found(client.get("/fhir/Group?member=Patient/p-member"))] == [identity]
    entries = [
        {"request": {"method": "GET", "url": f"Group/{identity}"}},
        {"request": {"method": "PUT", "url": "Group?member=Patient/p-member"}, "resource": group},
    ]
    batch = client.post("/fhir", json={"resourceType": "Bundle", "type": "batch", "entry": entries})
    assert [one["response"]["status"] for one in batch.json()["entry"]] == ["200", "200"]
    assert client("DELETE", place).status_code == 204
    assert client.get(place).status_code in (404, 410)


LEAVES = {
    "token": ("a", "a", "b"),
    "reference": ({"reference": "Patient/a"}, "Patient/a", "Patient/b"),
    "date": ("2026-01-02", "2026-01-02", "2026-01-03"),
    "quantity": ({"value": 5, "code": "kg"}, "5", "6"),
    "string": ("Alpha", "alp", "beta"),
    "uri": ("urn:a", "urn:a", "urn:b"),
    "number": (5, "5", "6"),
}
"""Type of a parameter -> a value where it looks, a query that fits, and one that does not."""


def leaves(of: str, targets: tuple[str, ...]) -> tuple:
    """The values of a type; a reference leads to what the parameter is about."""
    if of == "reference" and targets:
        return {"reference": f"{targets[0]}/a"}, f"{targets[0]}/a", f"{targets[0]}/b"
    return LEAVES[of]


def standing(path, leaf) -> dict:
    """A resource with a value where a path leads."""
    name, member, value = path[0]
    inner = standing(path[1:], leaf) if len(path) > 1 else leaf
    if member:
        inner = {**inner, member: value} if isinstance(inner, dict) else {"value": inner, member: value}
    return {name: inner}


def joined(one: dict, other: dict) -> dict:
    """Both halves of a composite in one resource."""
    both = dict(one)
    for name, value in other.items():
        both[name] = joined(both[name], value) if name in both else value
    return both


SEARCHED = [
    (kind, name)
    for kind in sorted(PARAMETERS.keys() & kinds().keys())
    for name in sorted(PARAMETERS[kind])
    if name not in ("_has", "_list")
]


@proves("*", "parameters", "every")
def test_every_search_parameter_of_the_table_finds_what_stands_where_it_looks():
    """Each parameter of each type: what is there is found, and another value is not."""
    for kind, name in SEARCHED:
        known = PARAMETERS[kind][name]
        resource: dict = {"resourceType": kind}
        fits, other = [], []
        for part in known.parts:
            leaf, right, wrong = leaves(part.type, known.targets)
            resource = joined(resource, standing((*known.bases[0], *part.paths[0]), leaf))
            fits.append(right)
            other.append(wrong)
        assert matches(kind, f"{name}={'$'.join(fits)}", resource, ZONE), (kind, name, resource)
        assert not matches(kind, f"{name}={'$'.join(other)}", resource, ZONE), (kind, name, resource)
