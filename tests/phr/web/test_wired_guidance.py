"""Guidance through the real pages and the real database: from a case to 180 points, and what the resident reads."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from phr.bootstrap import start
from phr.domain.days import day_at
from phr.web.guidance_form import event_typed
from tests.build import agree
from tests.conftest import FixedClock, settings_at

LICENCE = "public-health-nurse"


@pytest.fixture(scope="module")
def place(database_url, city):
    """A city that acts for one insurer, with its pages."""
    clock = FixedClock(datetime.now(UTC))
    made = start(settings_at(database_url, insurer_numbers="00138123"), clock)
    yield made, city.application(made)
    made.close()


@pytest.fixture
def nurse(place, city, browse):
    system, app = place
    return city.signed_in(system, app, browse, city.a_member(system, "nurse"), "nurse")


def a_resident(system, city, insurer="00138123", **consent):
    """A person of an insurer whose check-up of 100 days ago asks for active support; with the case."""
    person, patient = city.a_resident(system, f"田村 {uuid4().hex}", born="1970-03-09")
    resource = {"resourceType": "Patient", "id": patient, "gender": "female", "birthDate": "1970-03-09"}
    resource |= {
        "name": [{"text": "田村 花"}],
        "identifier": [{"system": "urn:phr:insured", "value": f"{insurer}:1:2"}],
    }
    system.register.put(resource, actor="test", role="system", request="test")
    agreed_at = system.clock.now() - timedelta(minutes=1)  # the clock stands while a slow test goes on
    agree(system, person, patient, date_time=agreed_at, **consent)
    day = day_at(system.clock.now(), system.settings.tz) - timedelta(days=100)
    city.a_checkup(system, person, day, weight_kg=80.0)
    city.steps(system, person, 20)
    system.assess(request="assess-1")
    from phr.domain.access import Access

    access = Access("nurse", "test", "Organization/city-health", "guidance", "test")
    (case,) = [
        str(row.item.item_id)
        for row in system.worklist.listed(access, limit=10_000)
        if row.person.person_id == person and row.item.kind == "intensive"
    ]
    return patient, case, day


def token(page):
    return page.partition('name="csrf" value="')[2].partition('"')[0]


def step(nurse, address, action, **fields):
    """Sends a form of the course's page."""
    page = nurse.get(address).text
    version = re.search(r'name="version" value="(\d+)"', page).group(1)
    usual = {"csrf": token(page), "version": version, "licence": LICENCE}
    return nurse.post(f"{address}/{action}", data={**usual, **fields})


def begun(nurse, case):
    page = nurse.get(f"/staff/cases/{case}").text
    assert "特定保健指導を始める" in page
    done = nurse.post("/staff/guidance", data={"csrf": token(page), "case": case, "licence": LICENCE})
    return done.headers["location"].partition("?")[0]


def test_a_nurse_leads_a_course_to_180_points(place, city, browse, nurse):
    """Invitation, interview, plan, support, evaluation, end: each a form of the page."""
    system, app = place
    patient, case, day = a_resident(system, city)
    course = begun(nurse, case)
    today = day_at(system.clock.now(), system.settings.tz)
    assert step(nurse, course, "invite", way="letter").headers["location"].endswith("recorded")
    step(
        nurse,
        course,
        "interview",
        day=day.isoformat(),
        way="individual",
        minutes="25",
        people="1",
        part="whole",
    )
    step(
        nurse, course, "plan", lose_cm="2.0", lose_kg="２．０", area1="diet", goal1="夜のごはんを半分に", kcal1="150",
        expected="1", next_day=today.isoformat(),
    )  # fmt: skip
    talked = {"author_type": "professional", "people": "1", "day": (today - timedelta(days=20)).isoformat()}
    step(nurse, course, "contact", way="individual", minutes="20", **talked)
    step(
        nurse,
        course,
        "contact",
        way="message",
        minutes="0",
        answered="1",
        content="text",
        note="よく続いている",
        **talked,
    )
    page = nurse.get(course).text
    assert "120 / 180点" in page
    assert "あと60点" in page
    assert "腹囲93.0cm以下、かつ体重78.0kg以下" in page
    assert "（6日）" in page or "（7日）" in page
    mine = city.signed_in(system, app, browse, patient, "resident")
    own = mine.get("/guidance").text
    assert "夜のごはんを半分に" in own
    assert "120" not in city.told(own).split("<main")[1].split("</main")[0]
    wrong = step(
        nurse,
        course,
        "evaluate",
        day=today.isoformat(),
        way="individual",
        result="full",
        waist_cm="94",
        weight_kg="79",
    )
    assert wrong.status_code == 422
    assert "測った値から言える結果をこえています" in wrong.text
    ticked = {
        "habit-diet": "1",
        "habit-exercise": "1",
        "result": "part",
        "waist_cm": "94.0",
        "weight_kg": "79.0",
    }
    step(nurse, course, "evaluate", day=today.isoformat(), way="individual", **ticked)
    assert step(nurse, course, "close").headers["location"].endswith("recorded")
    page = nurse.get(course).text
    assert "180 / 180点" in page
    assert "完了" in page
    assert "続けられたこと" in mine.get("/guidance").text
    assert "この保健指導は、終わりました" in mine.get("/guidance").text
    assert course in nurse.get("/staff/guidance?ended=1").text
    assert "高橋 美咲" in mine.get("/who-looked").text


def test_a_wrong_click_is_taken_back_on_the_page(place, city, nurse):
    """The end goes, the record of it stays; a step of the wrong state changes nothing."""
    system, _ = place
    _, case, _ = a_resident(system, city)
    course = begun(nurse, case)
    step(nurse, course, "drop-out", reason="まちがい")
    assert step(nurse, course, "undo").headers["location"].endswith("undone")
    page = nurse.get(course).text
    assert "これから案内" in page
    assert "まちがい" in page
    assert step(nurse, course, "undo").headers["location"].endswith("late")
    assert step(nurse, course, "close").headers["location"].endswith("taken")
    taken = step(nurse, course, "invite", way="phone", version="1")
    assert taken.headers["location"].endswith("taken")
    assert course in nurse.get("/staff/guidance").text
    assert "案内ずみ" not in nurse.get(course).text


def test_somebody_of_another_insurer_is_shown_as_information_only(place, city, nurse):
    """The page says why there is no button, and the address does nothing either."""
    system, _ = place
    _, case, _ = a_resident(system, city, insurer="06132013")
    page = nurse.get(f"/staff/cases/{case}").text
    assert "情報提供だけです" in page
    assert "特定保健指導を始める" not in page
    done = nurse.post("/staff/guidance", data={"csrf": token(page), "case": case, "licence": LICENCE})
    assert done.headers["location"].startswith(f"/staff/cases/{case}")


def test_what_is_not_shared_is_said_beside_the_weeks(place, city, nurse):
    """An empty row would look like no steps."""
    system, _ = place
    _, case, day = a_resident(system, city, categories=("checkup", "guidance"))
    course = begun(nurse, case)
    step(
        nurse,
        course,
        "interview",
        day=day.isoformat(),
        way="individual",
        minutes="25",
        people="1",
        part="whole",
    )
    assert "本人が共有していないので、表示しません" in nurse.get(course).text


def test_a_course_that_is_none_is_not_found(nurse):
    """And a step that no form has."""
    assert nurse.get("/staff/guidance/none").status_code == 404
    assert nurse.get(f"/staff/guidance/{uuid4()}").status_code == 404
    page = nurse.get("/staff/guidance").text
    assert nurse.post("/staff/guidance/x/erase", data={"csrf": token(page)}).status_code == 404


def test_a_resident_without_guidance_is_told_so(place, city, browse):
    """An empty page would look broken."""
    system, app = place
    mine = city.signed_in(system, app, browse, city.a_resident(system)[1], "resident")
    assert "まだ、ありません" in mine.get("/guidance").text


@pytest.mark.parametrize(
    ("form", "texts", "field"),
    [
        ("invite", {"way": "owl"}, "way"),
        ("interview", {"day": "x", "way": "individual"}, "day"),
        ("interview", {"day": "2026-06-01", "way": "individual", "minutes": "1e9"}, "minutes"),
        ("interview", {"day": "2026-06-01", "way": "individual", "minutes": "2.5"}, "minutes"),
        ("interview", {"day": "2026-06-01", "way": "phone", "minutes": "20"}, "way"),
        ("plan", {"lose_cm": "1"}, "goal1"),
        ("plan", {"goal1": "歩く", "area1": "sport"}, "area1"),
        ("plan", {"goal1": "歩く", "area1": "exercise", "lose_kg": "two"}, "lose_kg"),
        ("contact", {"day": "2026-06-01", "way": "fax"}, "way"),
        ("evaluate", {"day": "2026-06-01", "way": "phone"}, "result"),
    ],
)
def test_a_form_that_cannot_be_read_names_its_field(form, texts, field):
    """Full-width digits are read; what is no number, day or choice is said at its place."""
    found = event_typed(form, texts)
    assert isinstance(found, dict)
    assert field in found
