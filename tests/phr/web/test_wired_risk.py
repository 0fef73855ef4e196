"""The published score over the real service: off until asked for, computed for the purpose risk, gone with the consent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from phr.domain.access import resident
from tests.build import agree

KNOWN = {"hist_heart": 2.0, "hist_stroke": 2.0, "hist_renal": 2.0}
VALUES = {"ldl": 150.0, "hdl": 45.0, "fpg": 95.0, "hba1c_ngsp": 5.6, "sbp_avg": 142.0, "egfr": 80.0} | KNOWN


@pytest.fixture
def me(system, city):
    """Somebody of 55 whose record may be collected, with a check-up."""
    today = system.clock.now().astimezone(system.settings.tz).date()
    made = city.a_resident(system, born=f"{today.year - 55}-01-01", sex="male")
    agree(system, *made, purposes=("collect",))
    city.a_checkup(system, made[0], today - timedelta(days=30), **VALUES)
    return made


@pytest.fixture
def mine(system, city, app, browse, me):
    return city.signed_in(system, app, browse, me[1], "resident")


def decide(city, mine, on, **more):
    page = mine.get("/risk").text
    version = page.partition('name="version" value="')[2].partition('"')[0]
    return city.sent(mine, "/risk", "/risk/decision", on=on, version=version, **more)


def computed(city, mine, **answers):
    """The page after the questions that no check-up asks."""
    return city.sent(mine, "/risk", "/risk", **({"pad": "no", "fh": "no"} | answers)).text


def trail(system, me):
    return system.trail.of_person(me[0], actor=me[1], request="test", limit=500)


def test_nothing_is_computed_before_it_is_asked_for(system, mine, me):
    """The default is off, and looking at the page reads no check-up."""
    page = mine.get("/risk").text
    assert "見る前に" in page
    assert "およそ" not in page
    assert not [row for row in trail(system, me) if row.action == "assess"]


def test_asking_for_it_needs_the_tick_that_it_was_read(city, mine):
    """A slip of the finger starts nothing."""
    assert decide(city, mine, "1").headers["location"] == "/risk"
    assert "見る前に" in mine.get("/risk").text


def test_the_number_comes_with_the_consent_and_goes_with_it(system, city, mine, me):
    """Started and stopped on the page itself, effective at once, and recorded as any sharing."""
    assert decide(city, mine, "1", read="1").headers["location"] == "/risk?done=on"
    page = computed(city, mine)
    assert "同じ答えの人100人のうち、およそ6人が、10年のあいだに" in page
    assert "たばこをやめた人たち" in page
    assert decide(city, mine, "0").headers["location"] == "/risk?done=off"
    assert "見る前に" in mine.get("/risk?done=off").text
    assert "およそ6人" not in computed(city, mine)
    assert mine.get("/sharing").text.count("からだの変化の見まもり") > 1


def test_stopping_on_the_page_of_sharing_stops_it_here(system, city, mine):
    """One decision, two places."""
    decide(city, mine, "1", read="1")
    sharing = mine.get("/sharing").text
    form = sharing.partition('action="/sharing/risk"')[2]
    version = form.partition('name="version" value="')[2].partition('"')[0]
    city.sent(mine, "/sharing", "/sharing/risk", on="0", version=version)
    assert "見る前に" in mine.get("/risk").text


def test_each_computation_is_in_the_log_as_done_by_the_city_for_this_purpose(system, city, mine, me):
    """The machine's own reads are audited too."""
    decide(city, mine, "1", read="1")
    before = len([row for row in trail(system, me) if row.action == "assess"])
    mine.get("/risk")
    rows = [row for row in trail(system, me) if row.action == "assess"]
    assert len(rows) == before + 1
    assert {(row.role, row.purpose, row.categories) for row in rows} == {("system", "risk", "checkup")}


def test_nothing_of_it_is_stored(system, city, mine, me):
    """Neither as a document nor as a case."""
    decide(city, mine, "1", read="1")
    mine.get("/risk")
    with system.store.begin(resident(me[0], me[1], "test")) as uow:
        assert uow.documents.of_person(me[0], "RiskAssessment") == []
        uow.commit()


def test_an_answer_is_used_once_and_forgotten(city, mine):
    """Yes takes the number away on that page; the next one asks again."""
    decide(city, mine, "1", read="1")
    page = computed(city, mine, pad="yes")
    assert "あなたのために作られたものではありません" in page
    assert "およそ6人" not in page
    assert "およそ6人" in computed(city, mine)
    again = mine.get("/risk").text
    assert "計算の前に、2つおたずねします" in again
    assert "checked" not in again
    assert "およそ6人" not in again


def test_a_check_up_that_is_not_shared_for_it_is_not_used(system, city, mine, me):
    """A consent for blood pressure alone gives no score."""
    agree(system, *me, purposes=("risk",), categories=("blood-pressure",))
    assert "計算に使える健診の結果が、ありません" in mine.get("/risk").text


def test_a_form_that_is_none_of_ours_is_refused(city, mine):
    """One clear error."""
    for fields in ({"on": "2", "version": "0"}, {"on": "1", "version": "x"}, {}):
        assert city.sent(mine, "/risk", "/risk/decision", **fields).status_code == 422


def test_a_form_without_its_token_decides_nothing(mine):
    """Another site cannot start or stop it."""
    assert mine.post("/risk/decision", data={"on": "1", "version": "0", "read": "1"}).status_code == 403
    assert mine.post("/risk", data={"pad": "no"}).status_code == 403


def test_a_nurse_has_no_such_page(system, city, app, browse):
    """The number is for the person alone."""
    nurse = city.signed_in(system, app, browse, city.a_member(system, "nurse"), "nurse")
    assert nurse.get("/risk").status_code == 404
