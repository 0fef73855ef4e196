"""Food and drink over the real service: a label is written down, shown, copied with one press; the nurse plans."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from phr.domain.access import machine
from tests.build import agree, blood_pressure

PAGE = "/nutrition"
LUNCH = {"occasion": "lunch", "energy": "６１２", "fat": "40,8", "salt": "3.2"}


@pytest.fixture
def me(system, city):
    made = city.a_resident(system, born="1970-03-09", sex="female")
    agree(system, *made, date_time=system.clock.now() - timedelta(minutes=5))
    return made


@pytest.fixture
def mine(system, city, app, browse, me):
    return city.signed_in(system, app, browse, me[1], "resident")


@pytest.fixture
def nurse(system, city, app, browse):
    return city.signed_in(system, app, browse, city.a_member(system, "nurse"), "nurse")


def a_case(system, person):
    """The address of a case of a person: a very high blood pressure opened it."""
    at = system.clock.now() - timedelta(hours=1)
    system.receive(person, [blood_pressure(at, 186, 112)], request="test")
    rows = system.worklist.listed(machine("Organization/city-health", "guidance", "test"), limit=500)
    found = next(row for row in rows if row.person.person_id == person)
    return f"/staff/cases/{found.item.item_id}"


@pytest.fixture
def case(system, me):
    return a_case(system, me[0])


def test_a_label_is_written_down_and_copied_with_one_press(city, mine, system):
    """Full-width digits and a comma are numbers; 40.8 g of fat in 612 kcal are 60 percent."""
    assert "この7日間の食事の記録は、ありません" in mine.get(PAGE).text
    done = city.sent(mine, PAGE, "/nutrition/foods", **LUNCH)
    assert done.headers["location"] == "/nutrition?done=saved"
    page = mine.get(done.headers["location"]).text
    assert "食事を記録しました" in page
    assert "脂質 40.8g" in page
    assert ">60</td>" in page
    start = re.search(r'name="start" value="(\d+)"', page)[1]
    system.clock.tick(timedelta(seconds=2))
    assert city.sent(mine, PAGE, "/nutrition/again", start=start).headers["location"].endswith("=again")
    assert mine.get(PAGE).text.count("脂質 40.8g") == 2


def test_the_notice_names_the_plan_and_blames_nobody(city, mine):
    """Two meals of much fat; the target is the standard's, cited on the page."""
    for occasion in ("breakfast", "lunch"):
        city.sent(mine, PAGE, "/nutrition/foods", **{**LUNCH, "occasion": occasion})
    page = mine.get(PAGE).text
    assert "今日は予定より脂質が多めです" in page
    assert "目標：20〜30%" in page
    assert "令6厚労告339" in page


@pytest.mark.parametrize(
    ("sent", "field", "problem"),
    [
        ({"energy": ""}, "energy", "数字を入れてください"),
        ({"energy": "たくさん"}, "energy", "数字"),
        ({"fat": "900"}, "fat", ""),
        ({"occasion": "brunch"}, "occasion", ""),
    ],
)
def test_a_slip_is_shown_beside_its_field_and_nothing_is_stored(city, mine, sent, field, problem):
    """What was typed stays in the form."""
    answer = city.sent(mine, PAGE, "/nutrition/foods", **{**LUNCH, **sent})
    assert answer.status_code == 422
    assert f'id="{field}-err"' in answer.text
    assert "この7日間の食事の記録は、ありません" in mine.get(PAGE).text


def test_water_is_written_down_and_its_slips_are_told(city, mine):
    """A glass."""
    assert city.sent(mine, PAGE, "/nutrition/water", water="250").headers["location"].endswith("=water")
    assert city.sent(mine, PAGE, "/nutrition/water", water="0").status_code == 422


@pytest.mark.parametrize("start", ["", "x", "12345"])
def test_copying_what_is_not_there_says_so(city, mine, start):
    """An old page of another device."""
    done = city.sent(mine, PAGE, "/nutrition/again", start=start)
    assert done.headers["location"].endswith("=gone")
    assert "この7日間の記録にありません" in mine.get(done.headers["location"]).text


def test_without_consent_to_collect_nothing_is_written_down(system, city, app, browse):
    """The form says why, for food, for water and for a copy."""
    subject = city.a_resident(system)[1]
    mine = city.signed_in(system, app, browse, subject, "resident")
    for address, sent in (("/nutrition/foods", LUNCH), ("/nutrition/water", {"water": "200"})):
        answer = city.sent(mine, PAGE, address, **sent)
        assert answer.status_code == 422
        assert "機器からの取りこみ" in answer.text


def test_the_nurse_sees_food_beside_blood_pressure_and_sets_a_plan(city, mine, nurse, case, me):
    """The resident sees the plan; empty fields end it."""
    city.sent(mine, PAGE, "/nutrition/foods", **LUNCH)
    assert f'href="{case}/nutrition"' in nurse.get(case).text
    page = nurse.get(f"{case}/nutrition").text
    assert ">612</td>" in page
    assert "食塩6.0g未満" in page
    done = city.sent(nurse, f"{case}/nutrition", f"{case}/nutrition", fat="25", salt="6", energy="1800")
    assert done.headers["location"].endswith("?done=agreed")
    page = nurse.get(done.headers["location"]).text
    assert "予定：1,800 kcalまで" in page
    assert 'value="1800"' in page
    assert "予定：25%まで" in mine.get(PAGE).text
    answer = city.sent(nurse, f"{case}/nutrition", f"{case}/nutrition", fat="2500")
    assert answer.status_code == 422
    assert 'id="fat-err"' in answer.text
    done = city.sent(nurse, f"{case}/nutrition", f"{case}/nutrition")
    assert done.headers["location"].endswith("?done=ended")
    assert "予定：25%まで" not in mine.get(PAGE).text


def test_a_nurse_without_consent_to_food_sees_that_and_not_an_empty_week(system, city, nurse):
    """Not shared and nothing there are told apart, and a plan cannot be written either."""
    person, patient = city.a_resident(system)
    agreed_at = system.clock.now() - timedelta(minutes=5)
    agree(system, person, patient, categories=("blood-pressure",), date_time=agreed_at)
    case = a_case(system, person)
    page = nurse.get(f"{case}/nutrition")
    assert page.status_code == 200
    assert "見ないことになっています" in page.text
    assert "予定を記録する" not in page.text
    assert city.sent(nurse, case, f"{case}/nutrition", fat="25").status_code == 403
    assert nurse.get("/staff/cases/none/nutrition").status_code == 404


def test_a_day_of_the_picture_is_a_day_of_the_city(city, mine, system):
    """An entry just after midnight there belongs to the new day, whatever the day in Greenwich."""
    city.sent(mine, PAGE, "/nutrition/foods", **LUNCH)
    today = system.clock.now().astimezone(system.settings.tz).date().isoformat()
    assert f'datetime="{today}"' in mine.get(PAGE).text
