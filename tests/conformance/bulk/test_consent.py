"""What a bulk export tells, to whom, and when: consent at the writing of each file and at each download; nobody else's jobs."""

from __future__ import annotations

import json
from datetime import date, timedelta
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phr.domain.access import Access
from tests.build import CITY, heart_rates
from tests.conformance.bulk.scene import TEN, Client, ids, lines
from tests.phr.store.door import seen

pytestmark = pytest.mark.db


@pytest.fixture
def client(scene):
    """A client without jobs."""
    return scene.client("consents")


def of(resources, who):
    """What of these is about a person."""
    return [one for one in resources if who.patient in json.dumps(one)]


def searched(client, who):
    """What search and read show this caller of a person at this moment."""
    found = client.get(f"/fhir/Observation?patient={who.patient}&_count=1000")
    assert found.status_code == 200, found.text
    shown = [entry["resource"] for entry in found.json().get("entry", [])]
    patient = client.get(f"/fhir/Patient/{who.patient}")
    return ids([*shown, *([patient.json()] if patient.status_code == 200 else [])])


def test_leak_01_an_export_holds_nobody_without_consent(scene, client):
    """HAPI 6854: the check that search makes is made for exports too; kinds and days that are not shared are absent."""
    nobody, heart, day = scene.somebody(), scene.somebody(), scene.somebody()
    scene.share(heart, categories=("heart",))
    scene.share(day, data_from=date(2026, 3, 4), data_to=date(2026, 3, 4))
    for address in ("/fhir/$export", "/fhir/Patient/$export"):
        found = lines(client, scene.exported(client, address))
        assert of(found, nobody) == []
        codes = [one["code"]["coding"][0]["code"] for one in of(found, heart) if "code" in one]
        assert codes == ["8867-4"] * 3
        assert [one["code"]["coding"][0]["code"] for one in of(found, day) if "code" in one] == ["85354-9"]


def test_leak_05_a_group_gives_its_own_members_and_no_other_groups(scene, client):
    """HAPI 5556, 3376: a Group of another recipient does not exist, and a member who shares nothing is not told."""
    member, other, silent = scene.somebody(), scene.somebody(), scene.somebody()
    scene.share(member)
    scene.share(other)
    group = _group(client, [member.patient, silent.patient, "nobody-at-all"])
    found = lines(client, scene.exported(client, f"/fhir/Group/{group}/$export"))
    assert {one["id"] for one in found if one["resourceType"] == "Patient"} == {member.patient}
    stranger = scene.client("stranger", at="Organization/other-univ")
    for address in (f"/fhir/Group/{group}/$export", "/fhir/Group/no-such-group/$export"):
        refused = stranger.begin(address)
        assert refused.status_code == 404
    known, unknown = stranger.get(f"/fhir/Group/{group}"), stranger.get("/fhir/Group/no-such-group")
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)


def _group(client, patients):
    members = [{"entity": {"reference": f"Patient/{one}"}} for one in patients]
    made = client(
        "POST",
        "/fhir/Group",
        json={"resourceType": "Group", "type": "person", "actual": True, "member": members},
    )
    return made.json()["id"]


def test_leak_05_naming_patients_never_tells_whether_they_exist(scene, client):
    """The parameter patient: unknown, not shared and outside of the Group look the same."""
    member, outside, silent = scene.somebody(), scene.somebody(), scene.somebody()
    scene.share(member)
    scene.share(outside)
    group = _group(client, [member.patient])
    answers = []
    for name in (outside.patient, silent.patient, "nobody-at-all"):
        body = _parameters([f"Patient/{name}"])
        manifest = scene.exported(client, f"/fhir/Group/{group}/$export", body)
        answers.append((manifest["output"], manifest["error"], manifest["deleted"]))
        client("DELETE", manifest["status"])
    assert answers == [([], [], [])] * 3
    body = _parameters([f"Patient/{member.patient}"])
    found = lines(client, scene.exported(client, f"/fhir/Group/{group}/$export", body))
    assert len(of(found, member)) == len(found) > 1


def _parameters(patients, **more):
    named = [{"name": "patient", "valueReference": {"reference": one}} for one in patients]
    texts = [{"name": name, "valueString": value} for name, value in more.items()]
    return {"resourceType": "Parameters", "parameter": [*named, *texts]}


def test_leak_07_a_job_of_another_does_not_exist(scene, client):
    """MS ADR on async operations: status, files and ending of somebody else's job look like those of no job at all."""
    who = scene.somebody()
    scene.share(who)
    manifest = scene.exported(client)
    none = manifest["status"][:-4] + "0000"
    others = {
        "a colleague": scene.client("colleague"),
        "another organisation": scene.client("consents-there", at="Organization/other-univ"),
        "a nurse": scene.client("nurse", "nurse", "guidance", CITY),
        "the person": scene.resident(who),
    }
    for name, other in others.items():
        for address, absent in [
            (manifest["status"], none),
            *((one["url"], f"{none}/x") for one in manifest["output"]),
        ]:
            theirs, nobodys = other.get(address), other.get(absent)
            assert theirs.status_code == nobodys.status_code == 404, name
            assert who.patient not in theirs.text
        assert other("DELETE", manifest["status"]).status_code == 404
    assert client.get(manifest["status"]).status_code == 200


def test_leak_08_a_file_is_for_the_client_that_asked_and_no_address_can_be_guessed(scene, client):
    """Medplum 9129: the address of a file opens nothing for another token, and a known job does not open another's file."""
    who = scene.somebody()
    scene.share(who)
    mine = scene.exported(client)
    colleague = scene.client("colleague-2")
    theirs = scene.exported(colleague)
    file = mine["output"][0]["url"]
    assert colleague.get(file).status_code == 404
    mixed = theirs["status"] + "/" + file.rpartition("/")[2]
    assert colleague.get(mixed).status_code == 404
    assert Client(scene.app).get(file).status_code == 401
    numbers = {one["url"].rpartition("/")[2] for one in [*mine["output"], *theirs["output"]]}
    assert all(len(one) == 36 for one in numbers)
    assert len(numbers) == len(mine["output"]) + len(theirs["output"])


def test_leak_11_a_withdrawal_is_in_force_between_kick_off_file_and_download(scene, client):
    """Blaze: what was withdrawn is not read from files that lie ready; the others' lines stay."""
    early, late, stays = scene.somebody(), scene.somebody(), scene.somebody()
    for one in (early, late, stays):
        scene.share(one)
    begun = client.begin()
    scene.withdraw(early)
    scene.work()
    manifest = client.get(begun.headers["content-location"]).json()
    before = lines(client, manifest)
    assert of(before, early) == []
    assert of(before, late)
    scene.withdraw(late)
    after = lines(client, manifest)
    assert of(after, late) == []
    assert of(after, stays) == of(before, stays) != []
    assert len(after) == len(before) - len(of(before, late))


def test_leak_11_a_part_that_is_withdrawn_goes_and_the_rest_stays(scene, client):
    """Consent is asked again for each kind and day, not for the person alone."""
    who = scene.somebody()
    scene.share(who, categories=("heart",))
    pressure = scene.share(who, categories=("blood-pressure",))
    manifest = scene.exported(client)
    assert len(of(lines(client, manifest), who)) == 5
    scene.system.consents.withdraw(who.person, pressure, actor=who.patient, role="resident", request="test")
    left = of(lines(client, manifest), who)
    assert [one["resourceType"] for one in left] == ["Patient", "Observation", "Observation", "Observation"]


def test_what_is_erased_is_in_no_file_any_more(scene, client):
    """The rows are gone, so the lines are not handed out, though the sealed file still lies there."""
    who = scene.somebody()
    scene.share(who)
    manifest = scene.exported(client)
    assert of(lines(client, manifest), who)
    scene.system.erasing(who.person, "by-the-person", request="test")
    assert of(lines(client, manifest), who) == []


QUICK = settings(max_examples=3, suppress_health_check=list(HealthCheck), deadline=None)
LONG = settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)


@QUICK
@given(data=st.data())
def test_the_lines_of_an_export_are_what_search_shows_this_caller(scene, data):
    """For random grants: neither more nor less."""
    _as_search_shows(scene, data)


@pytest.mark.slow
@LONG
@given(data=st.data())
def test_the_lines_of_many_exports_are_what_search_shows_this_caller(scene, data):
    """The same for more grants."""
    _as_search_shows(scene, data)


def _as_search_shows(scene, data):
    client = scene.client("property")
    people = [scene.somebody((60.0, 61.0)) for _ in range(2)]
    for one in people:
        for _ in range(data.draw(st.integers(0, 2))):
            first = data.draw(st.sampled_from([None, date(2026, 3, 3), date(2026, 3, 4)]))
            kinds = data.draw(st.sampled_from([None, ("heart",), ("blood-pressure",), ("sleep", "heart")]))
            purpose = data.draw(st.sampled_from(["research-identifiable", "guidance"]))
            scene.share(one, categories=kinds, purposes=(purpose,), data_from=first)
    body = _parameters([f"Patient/{one.patient}" for one in people])
    manifest = scene.exported(client, "/fhir/Patient/$export", body)
    found = lines(client, manifest)
    client("DELETE", manifest["status"])
    for one in people:
        assert ids(of(found, one)) == searched(client, one)
        scene.withdraw(one)


def test_a_resident_exports_the_own_record_and_nobody_elses(scene):
    """Patient level only; naming another finds nothing."""
    me, other = scene.somebody(), scene.somebody()
    mine = scene.resident(me)
    found = lines(mine, scene.exported(mine, "/fhir/Patient/$export"))
    assert ids(found) == searched(mine, me)
    assert of(found, other) == []
    named = scene.exported(mine, "/fhir/Patient/$export", _parameters([f"Patient/{other.patient}"]))
    assert named["output"] == []
    assert mine.begin("/fhir/$export").status_code == 403
    assert mine.begin("/fhir/Group/any/$export").status_code == 403


@pytest.mark.parametrize(
    ("role", "purpose"),
    [("nurse", "guidance"), ("nurse", "risk"), ("operator", "operate"), ("registrar", "register")],
)
def test_roles_that_work_case_by_case_do_not_export_in_bulk(scene, role, purpose):
    """Nurses, operators and the counter have no use for a copy of everything."""
    assert scene.client(f"{role}-{purpose}", role, purpose, CITY).begin().status_code == 403


def test_every_person_in_a_file_is_in_the_trail_when_it_is_written_and_when_it_is_fetched(
    scene, client, admin
):
    """PrivacyDisclosure: who received how many lines of which kinds of whose data; no values."""
    who = scene.somebody()
    scene.share(who)
    lines(client, scene.exported(client))
    rows = admin.execute(
        "SELECT action, object, categories, n, recipient FROM phr.audit_event WHERE person_id = %s"
        " AND action IN ('export', 'download') ORDER BY action DESC, object",
        (who.person,),
    ).fetchall()
    expected = [
        (action, kind, categories, number, scene.university)
        for action in ("export", "download")
        for kind, categories, number in (
            ("Observation", "blood-pressure,heart", 4),
            ("Patient", "identity", 1),
        )
    ]
    assert rows == expected


def test_files_lie_sealed_and_go_with_their_job(scene, client):
    """No name and no value on the disk; the key is in the row, and the file goes when the job ends or its time is over."""
    who = scene.somebody()
    scene.share(who)
    manifest = scene.exported(client)
    folder = scene.system.settings.home / "bulk"
    mine = {one["url"].rpartition("/")[2] for one in manifest["output"]}
    files = {path.name.partition(".")[0]: path for path in folder.iterdir()}
    for name in mine:
        body = files[name].read_bytes()
        assert body.startswith(b"age-encryption.org/v1")
        assert who.patient.encode() not in body
        assert files[name].stat().st_mode & 0o077 == 0
    scene.clock.tick(timedelta(hours=25))
    fresh = scene.client("consents")  # tokens live an hour
    assert fresh.get(manifest["status"]).status_code == 404
    assert fresh.get(manifest["output"][0]["url"]).status_code == 404
    scene.work()
    assert not mine & {path.name.partition(".")[0] for path in folder.iterdir()}


def test_a_third_job_at_once_waits(scene):
    """429 with Retry-After; ending one makes room."""
    client = scene.client("busy")
    first, _second = client.begin(), client.begin()
    third = client.begin()
    assert third.status_code == 429
    assert int(third.headers["retry-after"]) > 0
    assert third.json()["issue"][0]["code"] == "throttled"
    client("DELETE", first.headers["content-location"])
    assert client.begin().status_code == 202
    scene.work()


def test_the_tables_of_jobs_show_nothing_to_another_context(scene, client):
    """The database itself keeps jobs and what was given apart, whatever the application asks."""
    who = scene.somebody()
    scene.share(who)
    scene.exported(client)
    tables = ["bulk_job", "bulk_file", "bulk_given", "bulk_member"]
    other = Access("researcher", "x", "Organization/other", "research-identifiable", "test")
    with scene.system.store.begin(other) as uow:
        assert seen(uow._driver, tables) == {}


def test_a_since_export_gives_what_changed_and_tells_what_is_gone(scene):
    """Changed, newly shared and nothing else; withdrawn people and kinds as deletions; told again until the next instant."""
    client = scene.client("since")
    still, grows, leaves, narrows = (scene.somebody() for _ in range(4))
    for one in (still, grows, leaves):
        scene.share(one)
    heart = scene.share(narrows, categories=("heart",))
    scene.share(narrows, categories=("blood-pressure",))
    scene.clock.tick(timedelta(seconds=5))
    first = scene.exported(client)
    client("DELETE", first["status"])
    scene.clock.tick(timedelta(minutes=5))
    _more(scene, grows)
    scene.withdraw(leaves)
    scene.system.consents.withdraw(
        narrows.person, heart, actor=narrows.patient, role="resident", request="test"
    )
    comes = scene.somebody()
    scene.clock.tick(timedelta(minutes=5))
    scene.share(comes)
    address = f"/fhir/$export?_since={quote(first['transactionTime'])}"
    for _ in range(2):  # a lost answer is asked for again
        second = scene.exported(client, address)
        found = lines(client, second)
        assert of(found, still) == of(found, leaves) == []
        assert len(of(found, grows)) == 4
        assert ids(of(found, comes)) == searched(client, comes)
        urls = {
            entry["request"]["url"]
            for bundle in lines(client, second, "deleted")
            for entry in bundle["entry"]
        }
        assert {
            entry["request"]["method"]
            for bundle in lines(client, second, "deleted")
            for entry in bundle["entry"]
        } == {"DELETE"}
        assert f"Patient/{leaves.patient}" in urls
        assert f"Observation?patient={leaves.patient}&code=http://loinc.org|8867-4" in urls
        assert f"Observation?patient={narrows.patient}&code=http://loinc.org|8867-4" in urls
        assert not [
            url
            for url in urls
            if still.patient in url or grows.patient in url or f"Patient/{narrows.patient}" == url
        ]
        client("DELETE", second["status"])
    scene.clock.tick(timedelta(minutes=5))
    third = scene.exported(client, f"/fhir/$export?_since={quote(second['transactionTime'])}")
    assert (third["output"], third["deleted"]) == ([], [])


def _more(scene, who):
    scene.system.receive(who.person, [heart_rates(TEN + timedelta(hours=3), [99.0])], request="test")


def test_a_window_that_narrows_is_told_as_days_to_delete(scene):
    """The days before the new beginning are named by a search with a date."""
    client = scene.client("window")
    who = scene.somebody((60.0,), pressure=False)
    _next_day(scene, who)
    consent = scene.share(who)
    first = scene.exported(client)
    scene.clock.tick(timedelta(minutes=5))
    scene.system.consents.withdraw(who.person, consent, actor=who.patient, role="resident", request="test")
    scene.share(who, data_from=date(2026, 3, 4))
    second = scene.exported(client, f"/fhir/$export?_since={quote(first['transactionTime'])}")
    urls = [
        entry["request"]["url"] for bundle in lines(client, second, "deleted") for entry in bundle["entry"]
    ]
    assert f"Observation?patient={who.patient}&code=http://loinc.org|8867-4&date=lt2026-03-04" in urls


def _next_day(scene, who):
    scene.system.receive(who.person, [heart_rates(TEN + timedelta(days=1), [71.0])], request="test")
