"""Two replicas of the service over one database: each request goes to the other one, and nobody notices."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from phr.asgi import create_app
from phr.bootstrap import System, start
from tests.conformance.bulk.scene import Scene, ids, lines
from tests.conformance.smart.conftest import a_world
from tests.conformance.smart.world import FHIR, World, csrf
from tests.conftest import FixedClock, settings_at
from tests.phr.services.scenes import stored
from tests.phr.services.sending import PRESSURES
from tests.story.town import Town

pytestmark = pytest.mark.db


class InTurn:
    """What stands before the replicas: the first request goes to one, the next to the other."""

    def __init__(self, *apps: Any) -> None:
        self.apps = apps
        self.asked = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked += 1
        await self.apps[self.asked % len(self.apps)](scope, receive, send)


@pytest.fixture(scope="module")
def replicas(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[System, System]]:
    """Two systems that share the database, the secrets and the folder of the installation; nothing else."""
    settings = settings_at(database_url, home=tmp_path_factory.mktemp("home"), upload_reserve_mb=0)
    clock = FixedClock()
    pair = start(settings, clock), start(settings, clock)
    yield pair
    for one in pair:
        one.close()


@pytest.fixture(scope="module")
def world(replicas: tuple[System, System]) -> World:
    made = a_world(replicas[0])
    made.app = InTurn(*(create_app(one) for one in replicas))
    return made


def _clock(replicas: tuple[System, System]) -> FixedClock:
    """The moment at which the clock of the replicas stands: what a scene agrees to must not be later."""
    return FixedClock(replicas[0].clock.now())


def test_an_app_is_launched_reads_refreshes_and_is_stopped_between_two_replicas(world: World):
    """Session, form token, authorization question, code, proof key, tokens: all of them are in the database."""
    before = world.app.asked
    browser, client = world.signed_in(), world.add(name="歩数ノート")
    found = world.exchange(client, world.code(client, browser)).json()
    for _ in range(4):
        assert world.http().get(f"{FHIR}/Observation", found["access_token"]).json()["total"] >= 1
    renewed = world.refresh(client, found["refresh_token"]).json()
    assert renewed["access_token"] != found["access_token"]
    page = browser.get("/connect/apps").text
    ident = page.partition("歩数ノート")[2].partition('name="app" value="')[2].partition('"')[0]
    browser.form("/connect/apps/end", {"csrf": csrf(page), "app": ident})
    for token in (found["access_token"], renewed["access_token"]):
        assert [world.http().get(f"{FHIR}/Observation", token).status_code for _ in range(2)] == [401, 401]
    assert world.refresh(client, renewed["refresh_token"]).json()["error"] == "invalid_grant"
    assert world.app.asked - before > 12


def test_a_withdrawal_at_one_replica_counts_at_the_other_with_the_next_request(
    replicas: tuple[System, System],
):
    """No process remembers what anybody may see."""
    scene = Scene(replicas[0], _clock(replicas), "Organization/univ-two", InTurn(*map(create_app, replicas)))
    who = scene.somebody()
    client = scene.client("reader")
    address = f"/fhir/Observation?{urlencode({'patient': f'Patient/{who.patient}'})}"
    for _ in range(3):
        consent = scene.share(who)
        assert [client.get(address).json().get("total", 0) > 0 for _ in range(2)] == [True, True]
        at, scene.system = scene.app.asked, replicas[1]  # withdrawn at the replica that did not record it
        replicas[1].consents.withdraw(who.person, consent, actor=who.patient, role="resident", request="t")
        assert [client.get(address).json().get("total", 0) for _ in range(2)] == [0, 0]
        assert scene.app.asked == at + 2
        scene.system = replicas[0]
    who.consents.clear()


def test_a_token_that_one_replica_took_back_opens_nothing_at_the_other(replicas: tuple[System, System]):
    """Nor does a session."""
    apps = InTurn(*map(create_app, replicas))
    scene = Scene(replicas[0], _clock(replicas), "Organization/univ-token", apps)
    client = scene.client("token")
    assert [client.get("/fhir/Patient").status_code for _ in range(2)] == [200, 200]
    replicas[1].accounts.end_all("token-univ-token", "t")
    assert [client.get("/fhir/Patient").status_code for _ in range(2)] == [401, 401]


def test_a_nurse_works_at_two_replicas_without_noticing(replicas: tuple[System, System]):
    """Signed in at one, at work at both, signed out at both."""
    town = Town(replicas[0])
    town.app = InTurn(*map(create_app, replicas))
    nurse = town.browser(town.nurse("高橋 美咲"), "nurse")
    for _ in range(4):
        assert nurse.get("/staff").status_code == 200
        assert "高橋 美咲" in nurse.page
    nurse.post("/session/end")
    for _ in range(2):
        nurse.get("/staff")
        assert "/sign-in" in nurse.address


def test_a_file_that_is_sent_to_two_replicas_in_pieces_arrives_whole_and_is_read_once(
    world: World, replicas: tuple[System, System]
):
    """Pieces lie in the folder of the installation, which all replicas and workers share."""
    browser = world.signed_in()
    token = csrf(browser.get("/connect/files").text)
    known = {"X-CSRF-Token": token, "Tus-Resumable": "1.0.0"}
    name = base64.b64encode(b"bp.csv").decode()
    begun = browser(
        "POST",
        "/connect/files/parts",
        headers={**known, "Upload-Length": str(len(PRESSURES)), "Upload-Metadata": f"filename {name}"},
    )
    assert begun.status_code == 201
    at, step = 0, len(PRESSURES) // 5 + 1
    typed = {"Content-Type": "application/offset+octet-stream"}
    while at < len(PRESSURES):
        sent = browser(
            "PATCH",
            begun.headers["location"],
            content=PRESSURES[at : at + step],
            headers={**known, **typed, "Upload-Offset": str(at)},
        )
        at = int(sent.headers["upload-offset"])
    before = len(stored(replicas[0], world.person)[0])
    for one in (*replicas, *replicas):
        one.upload_jobs.round(request="t")
    assert len(stored(replicas[0], world.person)[0]) == before + 20


def test_a_bulk_export_is_asked_made_and_fetched_at_different_replicas(replicas: tuple[System, System]):
    """Asked at one, made by another's worker, its files fetched in turn."""
    apps = InTurn(*map(create_app, replicas))
    scene = Scene(replicas[1], _clock(replicas), "Organization/univ-bulk", apps)
    people = [scene.somebody() for _ in range(2)]
    for one in people:
        scene.share(one)
    client = scene.client("bulk")
    manifest = scene.exported(client, "/fhir/$export?_type=Patient,Observation")
    found = ids(lines(client, manifest))
    assert {f"Patient/{one.patient}" for one in people} <= set(found)
    assert ids(lines(client, manifest)) == found  # the other way round
    scene.withdraw(people[0])
    for one in manifest["output"] * 2:  # an odd number of requests: each file is asked for at both
        assert people[0].patient not in client.get(one["url"]).text
        client.get("/healthz")


def test_a_secret_is_used_once_even_when_both_replicas_are_asked(world: World):
    """A link signs in once, a code is exchanged once: the row decides, not the process."""
    client = world.add()
    code = world.code(client)
    first, second = world.exchange(client, code), world.exchange(client, code)
    assert (first.status_code, second.status_code) == (200, 400)
    link = world.system.accounts.issue(world.patient, "link", purpose="self", request="test")
    for expected in (True, False):
        browser = world.http()
        page = browser.get(f"/sign-in?token={link}").text
        answer = browser.form("/session", {"csrf": csrf(page), "token": link, "way": "link"})
        assert (answer.status_code == 303 and "sign-in" not in answer.headers["location"]) is expected
