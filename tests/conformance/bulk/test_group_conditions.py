"""Cohorts by what they say: a program that runs again finds the Group that it made, and makes no second one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from phr.api import bulk_groups
from phr.domain.bulk.limits import limits
from tests.conformance.bulk.test_group_versions import group, kept, named, put
from tests.phr.api.conftest import found, refused
from tests.proves import proves

pytestmark = pytest.mark.db
PATCH = {"Content-Type": "application/json-patch+json"}


def called(name: str) -> dict:
    """The identifier of a cohort."""
    return {"identifier": [{"system": "urn:test", "value": name}]}


def when(name: str) -> str:
    """The condition that it has that identifier."""
    return f"identifier=urn:test|{name}"


@proves("Group", "conditional", "create", "update", "patch", "delete-single")
def test_a_cohort_is_made_changed_and_removed_by_what_it_says(scene):
    """One that fits is meant, several are an error, and none is made where nothing is asked."""
    client = scene.client("conditions", at="Organization/conditions")
    sent, only = group("a", **called("x")), {"If-None-Exist": when("x")}
    first = client("POST", "/fhir/Group", json=sent, headers=only)
    again = client("POST", "/fhir/Group", json=group("b", **called("x")), headers=only)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    changed = client("PUT", f"/fhir/Group?{when('x')}", json=group("a", "b", **called("x")))
    assert (changed.status_code, changed.json()["id"]) == (200, first.json()["id"])
    assert named(changed.json()) == ["a", "b"]
    new = client("PUT", f"/fhir/Group?{when('y')}", json=group("c", **called("y")))
    assert (new.status_code, new.json()["meta"]["versionId"]) == (201, "1")
    less = [{"op": "remove", "path": "/member/0"}]
    patched = client("PATCH", f"/fhir/Group?{when('x')}", json=less, headers=PATCH)
    assert (named(patched.json()), patched.json()["meta"]["versionId"]) == (["b"], "3")
    assert client("DELETE", f"/fhir/Group?{when('y')}").status_code == 204
    assert client("DELETE", f"/fhir/Group?{when('y')}").status_code == 204
    refused(client("GET", f"/fhir/Group/{new.json()['id']}"), 410)
    assert [one["id"] for one in found(client("GET", "/fhir/Group"))] == [first.json()["id"]]


def test_a_condition_that_several_fit_or_that_says_nothing_changes_nothing(scene):
    """Each is refused with the field that is wrong."""
    client = scene.client("unmet", at="Organization/unmet")
    one, _other = kept(client, "a"), kept(client, "b")
    every, sent = "/fhir/Group?type=person", group("z")
    refused(client("POST", "/fhir/Group", json=sent, headers={"If-None-Exist": "type=person"}), 412)
    refused(client("PUT", every, json=sent), 412)
    refused(client("PATCH", every, json=[], headers=PATCH), 412)
    refused(client("DELETE", every), 412)
    refused(client("PUT", "/fhir/Group", json=sent), 400, "query")
    refused(client("DELETE", "/fhir/Group?_format=json"), 400, "query")
    refused(client("POST", "/fhir/Group", json=sent, headers={"If-None-Exist": "?"}), 400, "If-None-Exist")
    refused(client("DELETE", "/fhir/Group?colour=red"), 400, "colour")
    refused(client("DELETE", f"/fhir/Group?identifier={'x' * 2000}"), 400, "query")
    refused(client("PATCH", f"/fhir/Group?{when('none')}", json=[], headers=PATCH), 404)
    refused(client("PUT", f"/fhir/Group?{when('none')}", json={**sent, "id": "mine"}), 400, "Group.id")
    refused(client("PUT", f"/fhir/Group?_id={one}", json={**sent, "id": "mine"}), 400, "Group.id")
    tag = {"If-Match": 'W/"7"'}
    refused(client("PUT", f"/fhir/Group?{when('none')}", json=sent, headers=tag), 412)
    refused(client("PUT", f"/fhir/Group?_id={one}", json=sent, headers=tag), 412)
    refused(client("DELETE", f"/fhir/Group?_id={one}", headers=tag), 412)
    assert [each["meta"]["versionId"] for each in found(client("GET", "/fhir/Group"))] == ["1", "1"]


def test_eight_who_make_one_cohort_at_once_make_one(scene):
    """The condition is asked under the lock of the organisation, by POST and by PUT: one is first, the others find it."""
    client, sent = scene.client("at-once", at="Organization/at-once"), group("a", **called("once"))

    def post(_turn: int) -> int:
        answer = client("POST", "/fhir/Group", json=sent, headers={"If-None-Exist": when("once")})
        return answer.status_code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(post, range(8)))
    assert answers == [200] * 7 + [201]
    assert len(found(client("GET", f"/fhir/Group?{when('once')}"))) == 1


def test_what_somebody_made_in_between_is_changed_and_not_taken_for_ones_own(scene, monkeypatch):
    """An update that found none and comes second still says what the Group says from then on."""
    client = scene.client("between", at="Organization/between")
    quicker, asked = group("a", **called("z")), bulk_groups._meant

    def late(call, query):
        assert asked(call, query) is None
        monkeypatch.setattr(bulk_groups, "_meant", asked)
        assert client("POST", "/fhir/Group", json=quicker).status_code == 201

    monkeypatch.setattr(bulk_groups, "_meant", late)
    answer = client("PUT", f"/fhir/Group?{when('z')}", json=group("b", **called("z")))
    assert (answer.status_code, answer.json()["meta"]["versionId"]) == (200, "2")
    assert [named(one) for one in found(client("GET", f"/fhir/Group?{when('z')}"))] == [["b"]]


def test_what_was_changed_in_between_is_not_removed(scene, monkeypatch):
    """It may no longer be what the condition meant."""
    client = scene.client("changed", at="Organization/changed")
    identity, asked = kept(client, "a", **called("w")), bulk_groups._meant

    def late(call, query):
        present = asked(call, query)
        put(client, identity, "a", "b")
        return present

    monkeypatch.setattr(bulk_groups, "_meant", late)
    refused(client("DELETE", f"/fhir/Group?{when('w')}"), 412)
    assert named(client("GET", f"/fhir/Group/{identity}").json()) == ["a", "b"]


def test_an_organisation_keeps_so_many_cohorts_and_finds_each_of_them(scene, monkeypatch):
    """A search looks at all that are kept, so there is an end to how many may be; who removes one may keep another."""
    client = scene.client("many", at="Organization/many")
    few = replace(limits(), cohorts=3)
    monkeypatch.setattr("phr.services.bulk.cohorts.limits", lambda: few)
    made = [kept(client, "a", **called(str(turn))) for turn in range(3)]
    refused(client("POST", "/fhir/Group", json=group("a")), 422)
    assert (
        client("POST", "/fhir/Group", json=group("a"), headers={"If-None-Exist": when("0")}).json()["id"]
        == made[0]
    )
    assert {one["id"] for one in found(client("GET", "/fhir/Group"))} == set(made)
    assert client("DELETE", f"/fhir/Group/{made[0]}").status_code == 204
    assert kept(client, "a")
