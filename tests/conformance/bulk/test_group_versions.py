"""Versions of cohorts: what a Group was stays readable for whoever kept it, and for nobody else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from phr.domain.access import Access
from tests.conformance.bulk.scene import Client
from tests.phr.api.conftest import link, refused
from tests.proves import proves

pytestmark = pytest.mark.db


def group(*patients: str, **more) -> dict:
    """A cohort of some people."""
    members = [{"entity": {"reference": f"Patient/{one}"}} for one in patients]
    return {"resourceType": "Group", "type": "person", "actual": True, "member": members, **more}


def kept(client: Client, *patients: str, **more) -> str:
    """The id of a new cohort."""
    made = client("POST", "/fhir/Group", json=group(*patients, **more))
    assert made.status_code == 201, made.text
    return made.json()["id"]


def put(client: Client, identity: str, *patients: str, **more) -> None:
    """The next version of a cohort."""
    answer = client("PUT", f"/fhir/Group/{identity}", json={**group(*patients, **more), "id": identity})
    assert answer.status_code == 200, answer.text


def named(resource: dict) -> list[str]:
    """The members of a version, in their order."""
    return [one["entity"]["reference"].removeprefix("Patient/") for one in resource.get("member", [])]


@proves("Group", "interaction", "vread", "history-instance")
def test_every_version_of_a_cohort_is_read_as_it_was(scene):
    """Members who came, went, came again or changed their place stand in exactly the versions that named them."""
    client = scene.client("versions")
    asked = [("a", "b", "c"), ("a", "c"), ("c", "a", "b"), (), ("b", "d"), ("b", "x", "d")]
    identity = kept(client, *asked[0])
    for people in asked[1:]:
        scene.clock.tick(timedelta(seconds=5))
        put(client, identity, *people)
    place = f"/fhir/Group/{identity}"
    for number, people in enumerate(asked, 1):
        answer = client("GET", f"{place}/_history/{number}")
        assert answer.headers["etag"] == f'W/"{number}"'
        assert named(answer.json()) == list(people)
        assert answer.json()["quantity"] == len(people)
    entries = client("GET", f"{place}/_history").json()["entry"]
    assert [named(one["resource"]) for one in entries] == [list(one) for one in reversed(asked)]
    assert [one["request"]["method"] for one in entries] == ["PUT"] * 5 + ["POST"]
    assert client("GET", place).json() == entries[0]["resource"]
    at = entries[1]["resource"]["meta"]["lastUpdated"].replace("+", "%2B")
    assert len(client("GET", f"{place}/_history?_since={at}").json()["entry"]) == 2
    for wrong in ("0", "7", "x", "9999999999"):
        refused(client("GET", f"{place}/_history/{wrong}"), 404)
    refused(client("GET", f"{place}/_history?_colour=1"), 400)


def test_a_cohort_that_was_removed_keeps_its_versions(scene):
    """Gone for a read, its last version is the deletion, and who asks for an unknown one is told that there is none."""
    client = scene.client("gone")
    identity = kept(client, "a", "b")
    place = f"/fhir/Group/{identity}"
    scene.clock.tick(timedelta(seconds=5))
    refused(client("DELETE", place, headers={"If-Match": 'W/"7"'}), 412)
    answer = client("DELETE", place)
    assert (answer.status_code, answer.headers["etag"]) == (204, 'W/"2"')
    assert client("DELETE", place).status_code == 204
    refused(client("GET", place), 410)
    refused(client("GET", f"{place}/_history/2"), 410)
    refused(client("PUT", place, json={**group("a"), "id": identity}), 410)
    assert named(client("GET", f"{place}/_history/1").json()) == ["a", "b"]
    entries = client("GET", f"{place}/_history").json()["entry"]
    assert [one["request"]["method"] for one in entries] == ["DELETE", "POST"]
    assert "resource" not in entries[0]
    refused(client("GET", "/fhir/Group/unknown/_history"), 404)


@proves("Group", "interaction", "history-type")
@proves("*", "interaction", "history-system")
def test_the_histories_of_the_type_and_of_what_is_nobodys_are_read_page_by_page(scene):
    """Each version in exactly one page, newest first, beside those of the directory; who keeps no cohorts names a patient."""
    client = scene.client("pages")
    for _ in range(3):
        identity = kept(client, "a")
        scene.clock.tick(timedelta(seconds=5))
        put(client, identity, "b")
        scene.clock.tick(timedelta(seconds=5))
    nurse = scene.client("nurse-pages", "nurse", "guidance", at=scene.system.settings.recipient)
    made = nurse("POST", "/fhir/Organization", json={"resourceType": "Organization", "name": "X"})
    assert made.status_code == 201
    for address, also in (("/fhir/Group/_history", set()), ("/fhir/_history", {"Organization"})):
        whole = client("GET", f"{address}?_count=1000").json()["entry"]
        kinds = {one["fullUrl"].split("/")[-2] for one in whole}
        assert kinds >= {"Group"} | also
        times = [one["response"]["lastModified"] for one in whole]
        assert times == sorted(times, reverse=True)
        seen, following = [], f"{address}?_count=2"
        while following:
            page = client("GET", following)
            seen += page.json().get("entry", [])
            following = "/fhir" + (link(page, "next") or "").partition("/fhir")[2]
            following = following if link(page, "next") else ""
        assert seen == whole
    refused(nurse("GET", "/fhir/_history"), 400, "patient")


def test_who_reads_while_others_write_reads_one_version(scene):
    """Never the text of one version with the members of another, alone or in a search."""
    client = scene.client("torn", at="Organization/torn")
    identity = kept(client, "a", name="a")

    def write() -> None:
        for name in "bcabcabcabcabcab":
            put(client, identity, name, name=name)

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        while not writing.done():
            [found] = [one["resource"] for one in client("GET", "/fhir/Group").json()["entry"]]
            for one in (found, client("GET", f"/fhir/Group/{identity}").json()):
                assert named(one) == [one["name"]]
        writing.result()


def test_versions_of_a_cohort_are_nobody_elses(scene):
    """Another recipient finds none in any history; and who is in one finds nothing but the rows of their own."""
    client = scene.client("own")
    who = scene.somebody()
    identity = kept(client, who.patient, "other")
    put(client, identity, "other")
    other = scene.client("other", at="Organization/elsewhere")
    for path in ("", "/_history", "/_history/1", "/_history/2"):
        refused(other("GET", f"/fhir/Group/{identity}{path}"), 404)
    for address in ("/fhir/Group/_history?_count=1000", "/fhir/_history?_count=1000"):
        assert identity not in other("GET", address).text
    nurse = scene.client("nurse-own", "nurse", "guidance", at=scene.system.settings.recipient)
    refused(nurse("GET", f"/fhir/Group/{identity}/_history"), 403)
    refused(nurse("GET", "/fhir/Group/_history"), 403)
    another = Access("researcher", "x", "Organization/elsewhere", "research-identifiable", "test")
    with scene.system.store.begin(another) as uow:
        assert uow.bulk.cohorts.version(identity, 1) is None
