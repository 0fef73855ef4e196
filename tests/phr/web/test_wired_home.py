"""Home measurements over the real pages: judged by the week, with a goal only where a nurse set one."""

from __future__ import annotations

import pytest

from tests.build import agree


@pytest.fixture
def me(system, city):
    made = city.a_resident(system, born="1960-03-09")
    agree(system, *made)
    return made


@pytest.fixture
def mine(system, city, app, browse, me):
    return city.signed_in(system, app, browse, me[1], "resident")


@pytest.fixture
def nurse(system, city, app, browse):
    return city.signed_in(system, app, browse, city.a_member(system, "nurse"), "nurse")


def address(me):
    return f"/staff/people/{me[1]}/home-blood-pressure"


def test_today_tells_a_week_and_not_a_value(system, city, mine, me):
    """Six days at 140: the week is at the limit, and so says the first sentence."""
    city.pressures(system, me[0], 6, upper=142.0, lower=88.0)
    page = mine.get("/today").text
    assert "この7日間の血圧の平均が、基準以上です" in page
    assert "この7日間の平均は、家庭での基準（135/85）以上です。" in page


def test_too_few_days_are_counted_and_not_judged(system, city, mine, me):
    """Three days, however high below the alarm: two more are needed."""
    city.pressures(system, me[0], 3, upper=150.0, lower=92.0)
    page = mine.get("/today").text
    assert "あと2日はかると、この7日間の平均がわかります。" in page
    assert "基準以上です" not in page
    assert "あと2日です" in mine.get("/record/blood-pressure").text


def test_a_goal_is_a_nurses_and_one_persons(system, city, mine, nurse, me):
    """Set under guidance, shown to the person, ended again; nobody has one before."""
    city.pressures(system, me[0], 6, upper=128.0, lower=78.0)
    assert "保健師と決めためあて" not in mine.get("/record/blood-pressure").text
    page = nurse.get(address(me)).text
    assert 'value="125"' in page
    assert "目標は、決めていません" in page
    done = city.sent(nurse, address(me), address(me), systolic="125", diastolic="75")
    assert done.headers["location"].endswith("?saved=1")
    own = mine.get("/record/blood-pressure").text
    assert "保健師と決めためあては125/75より低い値です。" in own
    assert "家庭での基準の135/85より低い値です" in own
    city.sent(nurse, address(me), address(me), end="1")
    assert "保健師と決めためあて" not in mine.get("/record/blood-pressure").text


def test_a_goal_that_can_be_none_is_refused(city, nurse, me):
    """The form comes back with what was typed."""
    for typed in ({"systolic": "12", "diastolic": "75"}, {"systolic": "x", "diastolic": ""}):
        answer = city.sent(nurse, address(me), address(me), **typed)
        assert answer.status_code == 422
        assert f'value="{typed["systolic"]}"' in answer.text
    assert "目標は、決めていません" in nurse.get(address(me)).text


def test_without_consent_to_guidance_there_is_no_goal_to_set(system, city, nurse):
    """A stranger is not there; who shares only readings is told to be closed."""
    stranger = city.a_resident(system)
    assert nurse.get(address(stranger)).status_code == 404
    agree(system, *stranger, purposes=("guidance",), categories=("blood-pressure",))
    assert "目標を決められません" in nurse.get(address(stranger)).text


def test_a_case_leads_to_the_persons_pages(system, city, nurse, me):
    """By its own id; a case that is none leads nowhere."""
    city.a_checkup(system, me[0], system.clock.now().date())
    system.assess(request="test")
    listed = nurse.get("/staff").text
    case = listed.partition("/staff/cases/")[2].partition('"')[0].partition("/")[0]
    for page in ("questionnaires", "home-blood-pressure"):
        assert nurse.get(f"/staff/cases/{case}/{page}").headers["location"].startswith("/staff/people/p-")
        assert nurse.get(f"/staff/cases/none/{page}").status_code == 404


def test_a_resident_sets_no_goal(city, mine, me):
    """The page is not there."""
    assert mine.get(address(me)).status_code == 404


def test_pages_of_every_vital_open_with_little_and_with_much(system, city, mine, me):
    """Comparisons, with and without enough days."""
    vitals = (
        "weight",
        "steps",
        "sleep",
        "spo2",
        "temperature",
        "resting-heart-rate",
        "glucose",
        "heart-rate",
    )
    for vital in vitals:
        assert mine.get(f"/record/{vital}").status_code == 200
    city.sleep(system, me[0], 60)
    city.steps(system, me[0], 30)
    assert "以前と大きなちがいはありません" in mine.get("/record/sleep").text
    page = mine.get("/record/steps").text
    assert "10時間以上つけていた日だけを数えます" in page
    assert "いまは、0日分と0日分です" in page
