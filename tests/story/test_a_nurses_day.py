"""A nurse's day, page by page: alarm, referral, letter, refusal, a wrong click, a withdrawal, and guidance to 180 points."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from pypdf import PdfReader

from phr.bootstrap import start
from phr.domain.access import Access
from phr.domain.days import day_at
from phr.domain.guidance.receiving_check import check
from tests.conftest import FixedClock
from tests.conftest import settings_at as settings_for
from tests.phr.services.scenes import INTENSIVE, rows_of
from tests.story.town import INSURER, LICENCE, Town

pytestmark = pytest.mark.db
REFERRED = {**INTENSIVE, "sbp1": 172.0, "dbp1": 108.0, "waist_cm": 76.0, "bmi": 21.0}


@pytest.fixture(scope="module")
def clock():
    return FixedClock(datetime.now(UTC))


@pytest.fixture(scope="module")
def town(database_url, clock):
    settings = settings_for(database_url, insurer_numbers=INSURER, guidance_institution="3311234567")
    system = start(settings, clock)
    yield Town(system)
    system.close()


@pytest.fixture
def misaki(town):
    """The nurse's browser on a new morning."""
    return town.browser(town.nurse("高橋 美咲"), "nurse")


def today(town):
    return day_at(town.system.clock.now(), town.system.settings.tz)


def case_of(town, person, kind):
    """The address of a person's case of one kind, from the service's own list."""
    access = Access("nurse", "looker", town.system.settings.recipient, "guidance", "story")
    rows = town.system.worklist.listed(access, limit=100_000)
    found = [row.item for row in rows if row.item.person_id == person and row.item.kind.startswith(kind)]
    return f"/staff/cases/{found[0].item_id}" if found else None


def claim(browser, case):
    browser.get(case)
    version = re.search(r'name="version" value="(\d+)"', browser.page).group(1)
    browser.post(f"{case}/claim", version=version, back="case", sure="1")


def version_on(browser):
    return re.search(r'name="version" value="(\d+)"', browser.page).group(1)


def test_an_alarm_is_answered_within_the_morning(town, misaki):
    """The resident reads what to do in the answer itself; the nurse sees red first, calls, and closes."""
    person, patient = town.resident("佐藤 和子", "サトウ カズコ")
    kazuko = town.browser(patient, "resident")
    kazuko.get("/record/blood-pressure")
    kazuko.post("/record/blood-pressure", systolic="186", diastolic="112", symptom="chest-pain")
    assert "119" in kazuko.page

    misaki.get("/staff?kind=alarm&whole=1")
    assert "佐藤 和子" in misaki.page
    case = case_of(town, person, "alarm")
    claim(misaki, case)
    assert "186" in misaki.page
    misaki.post(
        f"{case}/contacts", way="phone", outcome="reached", memo="休んではかり直し、140/88。あす受診。"
    )
    assert "あす受診" in misaki.page
    misaki.post(
        f"{case}/close", version=version_on(misaki), outcome="under-treatment", reason="主治医に連絡済み"
    )
    assert case_of(town, person, "alarm") is None

    kazuko.get("/who-looked")
    assert "高橋 美咲" in kazuko.page or "保健師" in kazuko.page


def test_advice_to_see_a_doctor_goes_by_letter_and_comes_back(town, misaki):
    """A letter that is printed again is the same letter; an address that does not exist gets no second one."""
    person, _ = town.resident("小川 茂", "オガワ シゲル", "9-9-9")
    town.checked(person, today(town) - timedelta(days=20), REFERRED)
    case = case_of(town, person, "referral")
    misaki.get("/staff/letters")
    assert "小川 茂" in misaki.page
    misaki.post("/staff/letters", cases=[case.rpartition("/")[2]])
    batch = re.search(r"/staff/letters/[0-9a-f-]{36}", misaki.address).group(0)
    number = re.search(r'class="mono">(\d{11})<', misaki.page)
    first, again = misaki.get(f"{batch}/letters.pdf").content, misaki.get(f"{batch}/letters.pdf").content
    assert first == again
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(first)).pages)
    assert "小川 茂" in text
    assert "172" in text
    misaki.get(batch)
    misaki.post(f"{batch}/posted")
    assert number is not None
    misaki.get("/staff/letters")
    misaki.post("/staff/letters/returned", number=number.group(1))
    states = rows_of_admin(town, person)
    assert states == ["returned"]


def rows_of_admin(town, person):
    """The states of a person's letters."""
    with town.system.database.admin() as admin:
        return [row[0] for row in rows_of(admin, "letter", person, "state")]


def test_a_refusal_is_kept_until_new_data(town, misaki):
    """The same check-up asks nobody twice; a new one may."""
    person, _ = town.resident("林 太郎", "ハヤシ タロウ")
    town.checked(person, today(town) - timedelta(days=40), INTENSIVE)
    case = case_of(town, person, "intensive")
    claim(misaki, case)
    misaki.post(f"{case}/close", version=version_on(misaki), outcome="declined", reason="仕事が忙しい")
    assert case_of(town, person, "intensive") is None
    town.system.assess(request="story")
    assert case_of(town, person, "intensive") is None
    town.checked(person, today(town) - timedelta(days=2), INTENSIVE)
    assert case_of(town, person, "intensive") == case


def test_a_wrong_click_is_taken_back_with_what_it_earned(town, misaki):
    """The history keeps both; the points go back."""
    person, _ = town.resident("山田 花子", "ヤマダ ハナコ")
    town.checked(person, today(town) - timedelta(days=30), INTENSIVE)
    case = case_of(town, person, "intensive")
    claim(misaki, case)
    misaki.post(
        f"{case}/decision", version=version_on(misaki), decision="active-support", reason="面談で同意"
    )
    misaki.get(case)
    event = re.search(r'name="event" value="([^"]+)"', misaki.page).group(1)
    misaki.post(f"{case}/undo", event=event)
    assert case_of(town, person, "intensive") == case
    with town.system.database.admin() as admin:
        points = [row[0] for row in rows_of(admin, "points_event", person, "points")]
        events = [row[0] for row in rows_of(admin, "work_event", person, "event")]
    assert len(points) == 2
    assert sum(points) == 0
    assert any(event.startswith("closed:guided") for event in events)
    assert "undone" in events


def test_a_withdrawal_in_the_middle_ends_the_case_at_once(town, misaki):
    """The resident stops sharing while the case lies open on the nurse's desk: her next click shows nothing of it."""
    person, patient = town.resident("田中 実", "タナカ ミノル")
    town.checked(person, today(town) - timedelta(days=25), INTENSIVE)
    case = case_of(town, person, "intensive")
    claim(misaki, case)
    assert "田中 実" in misaki.page
    minoru = town.browser(patient, "resident")
    minoru.get("/sharing")
    version = re.search(r'action="/sharing/guidance".*?name="version" value="(\d+)"', minoru.page, re.DOTALL)
    minoru.post("/sharing/guidance", on="0", version=version.group(1))

    answer = misaki.get(case)
    assert answer.status_code == 404
    assert "田中 実" not in misaki.page
    assert not re.search(r"腹囲|\b95\b(?!%)", re.sub(r"<[^>]+>", " ", misaki.page))
    misaki.get("/staff?whole=1")
    assert "田中 実" not in misaki.page
    with town.system.database.admin() as admin:
        kept = rows_of(
            admin, "resource", person, "body::jsonb->>'status', body::jsonb->'method'->>'text', body"
        )
    official = [row[0] for row in kept if "RiskAssessment" in row[2] and "JP-TK" in row[2]]
    assert set(official) == {"cancelled"}


def test_guidance_ends_with_180_points_and_a_report_that_the_insurer_takes(town, misaki, clock):
    """From the case to the first interview, a plan, contacts, an evaluation after three months, and the hand-over."""
    person, patient = town.resident("木村 健", "キムラ ケン")
    checked = today(town) - timedelta(days=3)
    town.checked(person, checked, INTENSIVE)
    case = case_of(town, person, "intensive")
    claim(misaki, case)
    misaki.post("/staff/guidance", case=case.rpartition("/")[2], licence=LICENCE)
    course = re.search(r"/staff/guidance/[0-9a-f-]{36}", misaki.address).group(0)

    def step(name, **typed):
        misaki.get(course)
        misaki.post(f"{course}/{name}", version=version_on(misaki), licence=LICENCE, **typed)
        assert "done=recorded" in misaki.address, re.findall(
            r'class="err"[^>]*>.*?</p>', misaki.page, re.DOTALL
        )

    began = today(town)
    step("interview", day=began.isoformat(), way="individual", minutes="25", people="1", part="whole")
    step(
        "plan",
        lose_cm="2",
        lose_kg="2",
        area1="diet",
        goal1="夜のごはんを半分にする",
        kcal1="150",
        expected="1",
    )
    clock.tick(timedelta(days=35))
    misaki = town.browser(town.nurse("高橋 美咲"), "nurse")
    step(
        "contact",
        day=today(town).isoformat(),
        way="individual",
        minutes="20",
        author_type="professional",
        people="1",
    )
    clock.tick(timedelta(days=30))
    misaki = town.browser(town.nurse("高橋 美咲"), "nurse")
    step(
        "contact",
        day=today(town).isoformat(),
        way="message",
        round_trips="1",
        author_type="professional",
        content="text",
    )
    clock.tick(timedelta(days=40))
    misaki = town.browser(town.nurse("森 かおり"), "nurse")
    step(
        "evaluate",
        day=today(town).isoformat(),
        way="individual",
        result="full",
        waist_cm="92.5",
        weight_kg="77.5",
        measured="1",
    )
    assert "180" in misaki.page
    misaki.get(course)
    misaki.post(f"{course}/close", version=version_on(misaki), licence=LICENCE)
    ken = town.browser(patient, "resident")
    ken.get("/guidance")
    assert "夜のごはんを半分にする" in ken.page

    year = checked.year if checked.month >= 4 else checked.year - 1
    handed = town.system.handover.export(INSURER, year, request="story")
    assert handed.reports
    assert check(handed.archive, f"{handed.name}.zip").reports == dict(handed.reports)
