"""The emergency card on paper through the real pages: copied at the counter it is the resident's card, and can be printed at once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from phr.domain.access import resident
from phr.domain.paper_forms import address_of
from phr.web import formats
from tests.build import agree

CARD = "/staff/paper/emergency"
BORN = "1950-03-09"
WRITTEN = {
    "blood": "A+",
    "allergies": "ペニシリン",
    "drugs": "アムロジピン 5mg\nワルファリン 2mg",
    "phone": "0XX-555-0142",
}


@pytest.fixture
def me(system, city):
    return city.a_resident(system, born=BORN)


@pytest.fixture
def mine(system, city, app, browse, me):
    return city.signed_in(system, app, browse, me[1], "resident")


@pytest.fixture
def registrar(system, city, app, browse):
    subject = city.a_member(system, "registrar", display="窓口 一郎")
    link = system.accounts.issue(subject, "link", purpose="register", request="test")
    return city.opened(browse(app), link)


def agreed(system, me) -> None:
    """Consent to everything, given before the standing clock of the test."""
    agree(system, *me, date_time=system.clock.now() - timedelta(minutes=5))


def sheet(system, me, days: int = 0, **more: str) -> dict[str, str]:
    """A sheet as it is typed."""
    day = system.clock.now().astimezone(system.settings.tz).date() - timedelta(days=days)
    return {"patient": me[1], "born": BORN, "day": day.isoformat(), **WRITTEN, **more}


def test_a_card_on_paper_becomes_the_card_of_its_resident(system, city, mine, registrar, me):
    """What is shown says that it came on paper; the counter reads nothing of it back."""
    agreed(system, me)
    assert f'value="{me[1]}"' in registrar.get(f"{CARD}?for={me[1]}").text
    answer = city.sent(registrar, CARD, CARD, **sheet(system, me))
    assert answer.headers["location"] == "/staff/paper?done=card"
    assert "緊急カードを記録しました" in registrar.get(answer.headers["location"]).text
    page = mine.get("/emergency").text
    assert "ペニシリン" in page
    assert "に書いた用紙を、市の職員が" in page
    assert "ペニシリン" not in registrar.get(f"{CARD}?for={me[1]}").text


def test_the_number_is_taken_from_what_a_scanner_reads(system, city, mine, registrar, me):
    """The square code of the sheet is an address of the counter's page."""
    agreed(system, me)
    read = address_of("http://127.0.0.1:8000", CARD, me[1])
    assert city.sent(registrar, CARD, CARD, **sheet(system, me, patient=read)).status_code == 303
    assert "アムロジピン" in mine.get("/emergency").text


def test_a_later_sheet_replaces_the_whole_card_and_the_screen_replaces_the_sheet(
    system, city, mine, registrar, me
):
    """A medicine that was stopped does not stay on the card because nobody crossed it out."""
    agreed(system, me)
    city.sent(registrar, CARD, CARD, **sheet(system, me))
    city.sent(registrar, CARD, CARD, **(sheet(system, me) | {"drugs": "", "allergies": "そば"}))
    page = mine.get("/emergency").text
    assert "アムロジピン" not in page
    assert "そば" in page
    city.sent(mine, "/emergency/edit", "/emergency", note="つえを使う")
    page = mine.get("/emergency").text
    assert "つえを使う" in page
    assert "書いた用紙を" not in page


NEWER = "そのあとに書かれたカードが、もうあります"
ASKED = 'name="confirmed"'


def test_an_older_sheet_does_not_replace_a_newer_card_until_the_resident_was_asked(
    system, city, mine, registrar, me
):
    """Sheets are often keyed in weeks later: a medicine that was stopped since must not come back unasked."""
    agreed(system, me)
    city.sent(mine, "/emergency/edit", "/emergency", drugs="アピキサバン")
    older = sheet(system, me, days=14)
    answer = city.sent(registrar, CARD, CARD, **older)
    assert answer.status_code == 422
    assert NEWER in answer.text
    assert ASKED in answer.text
    assert "ワルファリン 2mg" in answer.text
    assert "アピキサバン" not in answer.text
    assert "アピキサバン" in mine.get("/emergency").text
    assert city.sent(registrar, CARD, CARD, **older, confirmed="1").status_code == 303
    page = mine.get("/emergency").text
    assert "アピキサバン" not in page
    assert "ワルファリン 2mg" in page


def test_sheets_that_come_in_the_wrong_order_leave_the_newest(system, city, mine, registrar, me):
    """The pile on the desk is in no order; what counts is the day that stands on each sheet."""
    agreed(system, me)
    for days, drugs in ((20, "セルトラリン"), (5, "メトホルミン"), (12, "ジゴキシン")):
        city.sent(registrar, CARD, CARD, **sheet(system, me, days=days, drugs=drugs))
    assert "メトホルミン" in mine.get("/emergency").text


def test_a_sheet_of_the_day_of_a_card_of_the_screen_is_asked_about_and_of_a_sheet_corrects_it(
    system, city, mine, registrar, me
):
    """Nobody knows which of the two was written first; a sheet that is keyed in again mends a slip."""
    agreed(system, me)
    assert city.sent(registrar, CARD, CARD, **sheet(system, me, drugs="ジゴキシン 1mg")).status_code == 303
    assert city.sent(registrar, CARD, CARD, **sheet(system, me, drugs="ジゴキシン")).status_code == 303
    city.sent(mine, "/emergency/edit", "/emergency", drugs="アピキサバン")
    assert city.sent(registrar, CARD, CARD, **sheet(system, me)).status_code == 422
    assert "アピキサバン" in mine.get("/emergency").text


def test_who_does_not_own_the_card_learns_nothing_about_it(system, city, mine, registrar, me):
    """Whether there is a newer card is said only to who has the number and the birth date, while it may be taken in."""
    agreed(system, me)
    city.sent(mine, "/emergency/edit", "/emergency", drugs="アピキサバン")
    answer = city.sent(registrar, CARD, CARD, **sheet(system, me, days=14, born="1950-03-10"))
    assert NEWER not in answer.text
    assert ASKED not in answer.text


def test_the_card_says_on_which_day_it_was_written(system, city, mine, registrar, me):
    """Not when somebody had time to copy it: who reads it in an emergency must know how old it is."""
    agreed(system, me)
    written = system.clock.now().astimezone(system.settings.tz).date() - timedelta(days=40)
    city.sent(registrar, CARD, CARD, **sheet(system, me, days=40))
    page = mine.get("/emergency").text
    assert f"本人が{formats.full_day(written, 'ja')}に書いた用紙を" in re.sub("<[^>]*>", "", page)
    assert system.emergency.card(me[0], resident(*me, "t")).written == written


@pytest.mark.parametrize("paper", ["a6", "a4"])
def test_who_has_no_screen_takes_the_printed_card_home(system, city, mine, registrar, me, paper):
    """The answer is the card itself, made from what was typed."""
    agreed(system, me)
    answer = city.sent(registrar, CARD, CARD, **sheet(system, me, print=paper))
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    assert "no-store" in answer.headers["cache-control"]
    assert "ペニシリン" in mine.get("/emergency").text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"born": "1950-03-10"}, "この番号と生年月日の記録に"),
        ({"patient": "p-nobody"}, "この番号と生年月日の記録に"),
        ({"patient": ""}, "ここを書いてください"),
        ({"day": "2999-01-01"}, "日付を入れてください"),
        ({"day": ""}, "日付を入れてください"),
        ({"drugs": "あ" * 501}, "長すぎます"),
        (dict.fromkeys(WRITTEN, ""), "1つ以上入れてください"),
    ],
)
def test_a_wrong_card_is_shown_again_and_nothing_is_kept(system, city, mine, registrar, me, wrong, said):
    """Nothing has to be typed a second time, and nothing is written into another's record."""
    agreed(system, me)
    answer = city.sent(registrar, CARD, CARD, **(sheet(system, me) | {"note": ""} | wrong))
    assert answer.status_code == 422
    assert said in answer.text
    if "drugs" not in wrong:
        assert "ワルファリン 2mg" in answer.text
    assert "アムロジピン" not in mine.get("/emergency").text


def test_a_card_of_who_lets_nothing_be_taken_in_looks_like_a_wrong_number(system, city, mine, registrar, me):
    """Paper is no way round consent."""
    answer = city.sent(registrar, CARD, CARD, **sheet(system, me))
    assert answer.status_code == 422
    assert "この番号と生年月日の記録に" in answer.text
    assert "アムロジピン" not in mine.get("/emergency").text
