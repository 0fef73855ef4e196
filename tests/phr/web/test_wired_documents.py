"""The pages of rights over the real service: take, correct, stop, delete, answer, report."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from phr.bootstrap import start
from phr.store.sealed_files import SealedFiles
from tests.conftest import settings_at as settings_for
from tests.phr.services.rights.scene import somebody, yesterday

PAGE = "/documents"


@pytest.fixture
def town(database_url, clock, tmp_path):
    made = start(settings_for(database_url, home=tmp_path), clock)
    made.sealed_files = SealedFiles(tmp_path / "take-out")
    yield made
    made.close()


@pytest.fixture
def app(town, city):
    return city.application(town)


@pytest.fixture
def mine(town, city, app, browse):
    """A signed-in browser of somebody with readings of yesterday."""
    person, patient = somebody(town)
    town.accounts.put(
        patient, "resident", recipient=f"Patient/{patient}", display="x", person=person, request="t"
    )
    client = city.signed_in(town, app, browse, patient, "resident")
    client.person, client.patient = person, patient
    client.token = city.token_in(client.get(PAGE).text)
    return client


@pytest.fixture
def operator(town, city, app, browse):
    client = city.signed_in(town, app, browse, city.a_member(town, "operator"), "operator")
    client.token = city.token_in(client.get("/staff/rights").text)
    return client


def sent(client, address, **fields):
    return client.post(address, data={"csrf": client.token, **fields})


def test_a_copy_is_asked_for_made_and_fetched_through_a_link_of_this_session(town, city, app, browse, mine):
    """The link opens for this session; for another one, also of the same person, it does not."""
    assert sent(mine, f"{PAGE}/take-out").status_code == 303
    assert "%まで" in mine.get(PAGE).text
    town.take_outs.round(request="test")
    link = re.search(r'href="(/documents/take-out/[^"]+)"', mine.get(PAGE).text).group(1)
    answer = mine.get(link)
    assert answer.status_code == 200
    assert answer.content.startswith(b"PK")
    assert answer.headers["content-type"] == "application/zip"
    again = city.signed_in(town, app, browse, mine.patient, "resident")
    assert again.get(link).status_code == 404
    assert mine.get(link.split("?")[0]).status_code == 404
    ident = link.split("/")[3]
    assert sent(mine, f"{PAGE}/take-out/{ident}/remove").status_code == 303
    assert mine.get(link).status_code == 404
    assert mine.get(f"{PAGE}/take-out/none/file?key=x").status_code == 404


def test_a_typed_value_is_corrected_on_the_page_and_a_sent_one_is_asked_for(town, mine):
    """Errors keep what was typed; the register shows both."""
    day = yesterday().astimezone(town.settings.tz).date()
    page = mine.get(f"{PAGE}/correct?day={day}").text
    links = re.findall(r'href="/documents/correct\?value=([^"]+)"', page)
    typed, asked = None, None
    for one in links:
        text = mine.get(f"{PAGE}/correct?value={one}").text
        ident = re.search(r'name="value" value="([^"]+)"', text).group(1)
        if "85354-9" in ident:
            typed, asked = (ident, asked) if "市が確かめてから" not in text else (typed, ident)
    bad = sent(mine, f"{PAGE}/correct", value=typed, systolic="18x", reason="mistyped")
    assert bad.status_code == 422
    assert 'value="mistyped"' in bad.text
    assert sent(mine, f"{PAGE}/correct", value=typed, systolic="128", reason="").status_code == 422
    done = sent(mine, f"{PAGE}/correct", value=typed, systolic="128", reason="mistyped")
    assert done.headers["location"].startswith(f"{PAGE}?done=corrected")
    done = sent(mine, f"{PAGE}/correct", value=asked, systolic="118", reason="not me")
    assert done.headers["location"].startswith(f"{PAGE}?done=asked")
    assert mine.get(PAGE).text.count("直したい（訂正）") >= 2
    assert mine.get(f"{PAGE}/correct?day=never").status_code == 200


def test_use_is_stopped_and_goes_on(mine):
    """One button each way, and the page says which holds."""
    sent(mine, f"{PAGE}/stop")
    assert "いま、使うのを止めています" in mine.get(PAGE).text
    sent(mine, f"{PAGE}/go-on")
    assert "すべての利用を止める" in mine.get(PAGE).text


def test_the_account_is_deleted_only_by_who_is_sure_and_signed_in_just_now(
    town, city, app, browse, mine, clock
):
    """A tick, a fresh sign-in, then every session ends; signing in again can stop it."""
    assert sent(mine, f"{PAGE}/delete", when="later").status_code == 422
    clock.tick(timedelta(minutes=11))
    stale = sent(mine, f"{PAGE}/delete", sure="yes", when="later")
    assert (stale.status_code, "ログインしなおして" in stale.text) == (422, True)
    fresh = city.signed_in(town, app, browse, mine.patient, "resident")
    fresh.token = city.token_in(fresh.get(PAGE).text)
    assert sent(fresh, f"{PAGE}/delete", sure="yes", when="later").headers["location"] == "/sign-in"
    assert fresh.get(PAGE).status_code == 303
    back = city.signed_in(town, app, browse, mine.patient, "resident")
    back.token = city.token_in(back.get(PAGE).text)
    page = back.get(PAGE).text
    assert "に、記録を消します" in page
    assert sent(back, f"{PAGE}/delete", sure="yes", when="now").status_code == 422
    ident = re.search(r"/documents/requests/([0-9a-f-]{36})/cancel", page).group(1)
    assert sent(back, f"{PAGE}/requests/{ident}/cancel").status_code == 303
    assert (
        sent(back, f"{PAGE}/requests/{ident}/cancel").headers["location"].startswith(f"{PAGE}?done=decided")
    )
    assert "に、記録を消します" not in back.get(PAGE).text


def test_a_request_is_written_answered_and_read(mine, operator):
    """From the resident to the staff and back."""
    assert sent(mine, f"{PAGE}/ask", kind="stop", text=" ").status_code == 422
    assert sent(mine, f"{PAGE}/ask", kind="disclose", text="all of 2024").status_code == 303
    page = operator.get("/staff/rights").text
    assert "all of 2024" in page
    ident = re.search(r'id="r-([0-9a-f-]{36})"(?:(?!<section).)*?all of 2024', page, re.DOTALL).group(1)
    assert sent(operator, f"/staff/rights/{ident}/take").status_code == 303
    assert (
        sent(operator, f"/staff/rights/{ident}/extend", text="far away", until="2001-01-01").status_code
        == 422
    )
    assert sent(operator, f"/staff/rights/{ident}/extend", text="far away").status_code == 422
    assert sent(operator, f"/staff/rights/{ident}/done", text="").status_code == 422
    assert sent(operator, f"/staff/rights/{ident}/refused", text="nothing is held").status_code == 303
    assert (
        sent(operator, f"/staff/rights/{ident}/done", text="x")
        .headers["location"]
        .endswith("decided-already")
    )
    assert sent(operator, f"/staff/rights/{ident}/eat", text="x").status_code == 404
    assert "nothing is held" in mine.get(PAGE).text


def test_the_counter_records_a_request_with_a_proof(mine, operator):
    """A representative's proof that is too old is refused in words."""
    form = {"number": mine.patient, "kind": "stop", "text": "all", "as_whom": "proxy", "proof": "委任状"}
    old = sent(operator, "/staff/rights", **form, proof_day="2020-01-01")
    assert (old.status_code, "30日より新しい" in old.text) == (422, True)
    assert sent(operator, "/staff/rights", **form, proof_day="never").status_code == 422
    assert sent(operator, "/staff/rights", number=f"x-{uuid4().hex}", kind="stop").status_code == 422
    assert sent(operator, "/staff/rights", number="", kind="stop").status_code == 422
    assert sent(operator, "/staff/rights", number=mine.patient, kind="stop", text="all").status_code == 303
    assert "市が確かめています" in mine.get(PAGE).text


def test_an_incident_is_recorded_reported_and_closed(town, operator):
    """The page walks through the reports; the draft is a file."""
    form = {
        "title": "a letter went to the wrong house",
        "kind": "leak",
        "persons": "1",
        "categories": "checkup",
    }
    assert sent(operator, "/operate/incidents", **form, known="soon").status_code == 422
    assert (
        sent(
            operator, "/operate/incidents", **{**form, "persons": "many"}, known="2026-01-05T10:00"
        ).status_code
        == 422
    )
    now = town.clock.now().astimezone(town.settings.tz) - timedelta(hours=1)
    assert sent(operator, "/operate/incidents", **form, known=f"{now:%Y-%m-%dT%H:%M}").status_code == 303
    page = operator.get("/operate/incidents").text
    ident = re.search(r"/operate/incidents/([0-9a-f-]{36})/report.md", page).group(1)
    report = operator.get(f"/operate/incidents/{ident}/report.md")
    assert "漏えい等報告書" in report.text
    step = f"/operate/incidents/{ident}"
    people = sent(operator, f"{step}/people", reader="nobody", since="2026-01-01", until="2026-01-02")
    assert people.status_code == 303
    assert sent(operator, f"{step}/people", reader="nobody", since="x", until="y").status_code == 422
    assert sent(operator, f"{step}/closed").headers["location"].endswith("not-yet")
    for what in ("preliminary", "tell", "final", "closed"):
        assert sent(operator, f"{step}/{what}").headers["location"].endswith(what)
    assert sent(operator, f"{step}/eat").status_code == 404


def test_provisions_and_privacy_are_there_to_be_read(town, operator, mine, browse, app):
    """The log as a page and as a file; the public page without signing in, with the end when there is one."""
    town.provisions.note(f"h-{uuid4()}", "insurer", "00123456", ["guidance"], 3, "law", request="test")
    assert "00123456" in operator.get("/operate/provisions").text
    assert "00123456" in operator.get("/operate/provisions.csv").text
    stranger = browse(app)
    assert "自分で確かめた表" in stranger.get("/.well-known/privacy").text
    today = town.clock.now().astimezone(town.settings.tz).date()
    try:
        town.ending.end(today + timedelta(days=90), 6, actor="t", request="t")
        assert "に終わります" in stranger.get("/.well-known/privacy").text
    finally:
        town.ending.go_on(actor="t", request="t")
    for page in ("/staff/rights", "/operate/incidents", "/operate/provisions"):
        assert mine.get(page).status_code == 404
        assert stranger.get(page).status_code == 303
