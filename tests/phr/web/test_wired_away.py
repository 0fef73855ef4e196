"""Times without network over the real service: what may be kept, the card, and visits that are sent later."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phr.domain.access import machine
from tests.build import CITY, agree, blood_pressure

WRITTEN = {"blood": "A+", "allergies": "ペニシリン", "drugs": "アムロジピン 5mg", "phone": "0XX-555-0142"}


@pytest.fixture
def me(system, city):
    made = city.a_resident(system)
    agreed = agree(system, *made, date_time=system.clock.now() - timedelta(minutes=5))
    return (*made, agreed)


@pytest.fixture
def mine(system, city, app, browse, me):
    return city.signed_in(system, app, browse, me[1], "resident")


@pytest.fixture
def nurse(system, city):
    return city.a_member(system, "nurse")


@pytest.fixture
def desk(system, city, app, browse, nurse):
    return city.signed_in(system, app, browse, nurse, "nurse")


@pytest.fixture
def case(system, me, desk, city):
    """A case in the hands of the nurse: a very high blood pressure opened it."""
    system.receive(me[0], [blood_pressure(system.clock.now() - timedelta(hours=1), 186, 112)], request="t")
    rows = system.worklist.listed(machine(CITY, "guidance", "test"), limit=500)
    item = next(row.item for row in rows if row.person.person_id == me[0])
    city.sent(
        desk, f"/staff/cases/{item.item_id}", f"/staff/cases/{item.item_id}/claim", version=str(item.version)
    )
    return str(item.item_id)


def an_entry(system, case, **changes):
    """What a device sends."""
    at = system.clock.now() - timedelta(minutes=20)
    item = {
        row.item.item_id: row.item
        for row in system.worklist.listed(machine(CITY, "guidance", "t"), limit=500)
    }
    version = next((one.version for key, one in item.items() if str(key) == case), 1)
    values = {"systolic": 151, "diastolic": 91, "weight": 60.5}
    entry = {
        "key": str(uuid4()),
        "version": version,
        "at": at.isoformat(),
        "outcome": "reached",
        "note": "元気",
        "values": values,
    }
    return {**entry, **changes}


def send(desk, case, entry, **headers):
    """Sends an entry as the page does."""
    token = desk.get("/staff/visits/form-token").json()["token"]
    sent = {"x-phr-form": token, **headers}
    return desk.post(f"/staff/visits/{case}/entries", content=json.dumps(entry).encode(), headers=sent)


def visits(desk, case):
    """How often the case says that somebody visited."""
    return desk.get(f"/staff/cases/{case}").text.count("<strong>訪問</strong>")


def test_only_a_resident_on_a_device_of_their_own_may_keep_two_pages(
    mine, desk, app, browse, city, system, me
):
    """What is not known to be own is shared; another session has another mark."""
    name, mark = mine.get("/today").headers["x-phr-keep"].split()
    assert name == "today"
    assert mine.get("/emergency").headers["x-phr-keep"] == f"emergency {mark}"
    assert mine.get("/emergency?done=saved").headers["x-phr-keep"] == f"none {mark}"
    assert mine.get("/points").headers["x-phr-keep"] == f"none {mark}"
    assert desk.get("/staff").headers["x-phr-keep"] == "no"
    again = city.signed_in(system, app, browse, me[1], "resident")
    assert again.get("/today").headers["x-phr-keep"] != f"today {mark}"
    shared = browse(app)
    link = system.accounts.issue(me[1], "link", purpose="self", request="t")
    token = city.token_in(shared.get("/sign-in").text)
    shared.post("/session", data={"csrf": token, "token": link, "way": "link", "shared": "yes"})
    page = shared.get("/today")
    assert page.headers["x-phr-keep"] == "no"
    assert '<meta name="phr-device" content="shared">' in page.text
    assert "x-phr-keep" not in browse(app).get("/sign-in").headers


def test_what_the_browser_needs_to_install_is_open_to_everybody(app, browse):
    """The manifest, the worker at the root with its policy, and pages that say nothing about anybody."""
    anybody = browse(app)
    manifest = anybody.get("/manifest.webmanifest")
    assert manifest.headers["content-type"].startswith("application/manifest+json")
    assert manifest.json()["start_url"] == "/today"
    for icon in manifest.json()["icons"]:
        assert anybody.get(icon["src"]).content.startswith(b"\x89PNG")
    worker = anybody.get("/service_worker.js")
    assert worker.headers["content-type"].startswith("text/javascript")
    policy = worker.headers["content-security-policy"]
    assert "worker-src 'self'" in policy
    assert "manifest-src 'self'" in policy
    for shell in ("/offline", "/visit"):
        assert "phr-device" not in anybody.get(shell).text


def test_a_card_is_written_shown_and_printed(city, mine):
    """Empty fields are said to be empty; a field that is too long is shown again."""
    assert "書いてありません" in mine.get("/emergency").text
    done = city.sent(mine, "/emergency/edit", "/emergency", **WRITTEN)
    assert done.headers["location"] == "/emergency?done=saved"
    page = mine.get("/emergency").text
    assert all(text in page for text in WRITTEN.values())
    assert 'value="0XX-555-0142"' in mine.get("/emergency/edit").text
    for paper in ("a4", "a6"):
        assert mine.get(f"/emergency/card-{paper}.pdf").content.startswith(b"%PDF")
    assert mine.get("/emergency/card-a3.pdf").status_code == 404
    again = city.sent(mine, "/emergency/edit", "/emergency", drugs="あ" * 501)
    assert again.status_code == 422
    assert "長すぎます" in again.text


def test_no_card_is_kept_without_the_consent_that_it_is(city, mine, me, system):
    """The form says which consent is missing, and keeps what was typed on the screen."""
    system.consents.withdraw(me[0], me[2], actor=me[1], role="resident", request="t")
    answer = city.sent(mine, "/emergency/edit", "/emergency", **WRITTEN)
    assert answer.status_code == 422
    assert "ペニシリン" in answer.text
    assert "書いてありません" in mine.get("/emergency").text


def test_a_visit_is_taken_along_by_its_holder_on_a_device_of_her_own(desk, case, app, browse, city, system):
    """Another nurse sees why not; the sheet on paper is there for everybody."""
    page = desk.get(f"/staff/visits/{case}").text
    assert "data-prepare" in page
    assert "visit_store.js" in page
    other = city.signed_in(system, app, browse, city.a_member(system, "nurse", display="伊藤 直"), "nurse")
    page = other.get(f"/staff/visits/{case}").text
    assert "data-prepare" not in page
    assert "紙の訪問票" in page
    assert desk.get(f"/staff/visits/{uuid4()}").status_code == 404


def test_an_entry_is_a_contact_with_its_measurements(desk, case, system, me):
    """The way, the words and the values stand where those of other visits stand."""
    answer = send(desk, case, an_entry(system, case))
    assert answer.status_code == 200
    assert answer.json()["measured"] == 2
    assert visits(desk, case) == 1
    assert "元気" in desk.get(f"/staff/cases/{case}").text
    assert not answer.json()["refused"]


@given(st.lists(st.integers(0, 2), min_size=1, max_size=6))
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_entry_counts_once_in_any_order_and_repeat(desk, case, system, order):
    """However often and in which order three entries are sent, each is one contact."""
    before = visits(desk, case)
    sent = [an_entry(system, case, values={}) for _ in range(3)]
    for number in order:
        now = an_entry(system, case)["version"]
        answer = send(desk, case, {**sent[number], "version": now})
        assert answer.json()["result"] in {"stored", "repeated"}
    assert visits(desk, case) - before == len(set(order))


def test_one_name_for_two_entries_is_a_conflict(desk, case, system):
    """The second would vanish in silence otherwise."""
    entry = an_entry(system, case)
    assert send(desk, case, entry).json()["result"] == "stored"
    assert send(desk, case, entry).json()["result"] == "repeated"
    assert send(desk, case, {**entry, "note": "別の話"}).status_code == 409


def test_a_case_that_moved_is_shown_with_what_happened(desk, case, system):
    """Nothing is stored; sent again with the new version it is."""
    entry = an_entry(system, case)
    desk_page = desk.get(f"/staff/cases/{case}").text
    token = desk_page.partition('name="csrf" value="')[2].partition('"')[0]
    desk.post(f"/staff/cases/{case}/contacts", data={"csrf": token, "quick": "phone.reached"})
    answer = send(desk, case, entry)
    assert answer.status_code == 409
    told = answer.json()
    assert told["result"] == "changed"
    assert "電話" in told["since"][0]
    assert visits(desk, case) == 0
    assert send(desk, case, {**entry, "version": told["version"]}).json()["result"] == "stored"


def test_closed_or_in_other_hands_is_said(desk, case, system, city, nurse):
    """She sees who holds it now, or that it is over."""
    entry = an_entry(system, case)
    other = city.a_member(system, "nurse", display="伊藤 直")
    city.sent(desk, f"/staff/cases/{case}", f"/staff/cases/{case}/transfer", colleague=other)
    told = send(desk, case, entry).json()
    assert (told["result"], told["holder"]) == ("not-yours", "伊藤 直")


def test_after_a_withdrawal_nothing_of_the_entry_is_stored(desk, case, system, me):
    """Neither the contact nor the values, and she is told."""
    entry = an_entry(system, case)
    system.consents.withdraw(me[0], me[2], actor=me[1], role="resident", request="t")
    answer = send(desk, case, entry)
    assert answer.status_code == 404
    assert answer.json()["result"] == "gone"
    agree(system, me[0], me[1])
    assert visits(desk, case) == 0


def test_values_without_consent_to_collect_are_counted_as_refused(desk, case, system, me):
    """The contact is noted, the values are not, and the answer says so."""
    entry = an_entry(system, case)
    system.consents.withdraw(me[0], me[2], actor=me[1], role="resident", request="t")
    agree(system, me[0], me[1], purposes=("guidance",), date_time=system.clock.now() - timedelta(minutes=1))
    told = send(desk, case, entry).json()
    assert (told["result"], told["measured"], told["refused"]) == ("stored", 0, 2)


@pytest.mark.parametrize("body", [b"", b"{", b"[]" * 9000])
def test_what_is_no_entry_is_refused(desk, body):
    """With one answer, also when it is longer than an entry can be."""
    token = desk.get("/staff/visits/form-token").json()["token"]
    answer = desk.post(f"/staff/visits/{uuid4()}/entries", content=body, headers={"x-phr-form": token})
    assert (answer.status_code, answer.json()["result"]) == (422, "invalid")


def test_an_entry_needs_the_token_of_the_session(desk, case, system, mine):
    """Another site cannot send one, and a resident has no such page."""
    assert send(desk, case, an_entry(system, case), **{"x-phr-form": "x"}).status_code == 403
    assert mine.get("/staff/visits/form-token").status_code == 404
