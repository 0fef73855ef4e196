"""Forms on paper through the real pages and the real database: what is copied is as if it had been typed on the screen."""

from __future__ import annotations

from datetime import timedelta

import pytest
import segno

from phr.web.wired import paper_sheets
from tests.build import agree

DIARY = "/staff/paper/diary"
FOOD = "/staff/paper/food"
CARD = "/staff/paper/emergency"
BORN = "1950-03-09"


@pytest.fixture
def me(system, city):
    return city.a_resident(system, born=BORN)


@pytest.fixture
def mine(system, city, app, browse, me):
    return city.signed_in(system, app, browse, me[1], "resident")


@pytest.fixture
def nurse(system, city, app, browse):
    return city.signed_in(system, app, browse, city.a_member(system, "nurse"), "nurse")


@pytest.fixture
def registrar(system, city, app, browse):
    subject = city.a_member(system, "registrar", display="窓口 一郎")
    link = system.accounts.issue(subject, "link", purpose="register", request="test")
    return city.opened(browse(app), link)


def first_day(system, days: int = 6) -> str:
    return (system.clock.now().astimezone(system.settings.tz).date() - timedelta(days=days)).isoformat()


def a_week(system, me, **more: str) -> dict[str, str]:
    """Five mornings, one of them twice, one evening and a weight."""
    typed = {"patient": me[1], "born": BORN, "first": first_day(system)}
    for row in range(5):
        typed |= {f"d{row}m1s": "１３０", f"d{row}m1d": "80", f"d{row}m1p": "66"}
    typed |= {"d0m2s": "140", "d0m2d": "90", "d0e1s": "124", "d0e1d": "77", "d0w": "54,2"}
    return typed | more


def decided(client, city, place, typed):
    """A decision with the scan of its sheet."""
    data = {"csrf": city.token_in(client.get(place).text), **typed}
    return client.post(place, data=data, files={"scan": ("sheet.pdf", b"%PDF-", "application/pdf")})


def test_a_sheet_carries_the_address_of_the_counters_page_and_a_number_only(mine, me, monkeypatch):
    """Whoever finds the sheet learns no name and no value from its code."""
    printed = []
    monkeypatch.setattr(paper_sheets, "printed", lambda sheet, at: printed.append(sheet) or b"%PDF-")
    for name in ("diary", "food", "emergency", "consent/guidance"):
        assert mine.get(f"/paper/{name}.pdf").headers["content-type"] == "application/pdf"
        sheet = printed.pop()
        more = "&text=2026-04" if name.startswith("consent") else ""
        address = f"http://127.0.0.1:8000/staff/paper/{name}?for={me[1]}{more}"
        assert sheet["code"] == segno.make(address, error="m", micro=False).svg_inline(border=0, dark="#000")
        assert "佐藤" not in str({**sheet, "city": ""})


def test_every_sheet_prints(mine, nurse):
    """With the number of the record, and blank ones for the counter."""
    assert mine.get("/paper").text.count(".pdf") >= 9
    for client, top in ((mine, "/paper"), (nurse, "/staff/paper")):
        for name in ("diary", "food", "emergency", "consent/collect"):
            assert client.get(f"{top}/{name}.pdf").content.startswith(b"%PDF-")
        assert client.get(f"{top}/letter.pdf").status_code == 404
        assert client.get(f"{top}/consent/family.pdf").status_code == 404


def test_a_copied_week_is_judged_and_earns_like_a_typed_one(system, city, mine, nurse, me):
    """Five mornings make a mean; each value says that it came from paper."""
    agree(system, *me)
    assert f'value="{me[1]}"' in nurse.get(f"{DIARY}?for={me[1]}").text
    answer = city.sent(nurse, DIARY, DIARY, **a_week(system, me))
    assert answer.headers["location"] == (
        "/staff/paper?done=sheet&red=0&stored=8&repeated=0&apart=0&refused=0"
    )
    assert "新しい値 8件" in nurse.get(answer.headers["location"]).text
    page = mine.get("/record/blood-pressure?period=week").text
    assert "5日分。" in page
    assert 'data-k="morning-systolic" data-v="135.0"' in page  # the mean of both readings of that morning
    assert "紙から" in page
    assert "54.2" in mine.get("/record/weight?period=week").text
    assert "血圧・体重を書きこんだ" in mine.get("/points").text


def test_a_sheet_copied_twice_changes_nothing(system, city, nurse, me):
    """Two people at the counter, one sheet."""
    agree(system, *me)
    city.sent(nurse, DIARY, DIARY, **a_week(system, me))
    again = city.sent(nurse, DIARY, DIARY, **a_week(system, me))
    assert "stored=0&repeated=8" in again.headers["location"]


def test_who_works_at_the_counter_copies_too_and_sees_no_record(system, city, mine, registrar, me):
    """The counter has no door to anybody's values; what it types in arrives."""
    agree(system, *me)
    assert city.sent(registrar, DIARY, DIARY, **a_week(system, me)).status_code == 303
    assert "紙から" in mine.get("/record/blood-pressure?period=week").text
    assert registrar.get(f"/staff/people/{me[1]}/home-blood-pressure").status_code == 404


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"born": "1950-03-10"}, "この番号と生年月日の記録に"),
        ({"patient": "p-nobody"}, "この番号と生年月日の記録に"),
        ({"patient": ""}, "ここを書いてください"),
        ({"first": "2999-01-01"}, "日付を入れてください"),
        ({"d0m1s": "１３O"}, "数字だけを入れてください"),
        ({"d0m1d": "190"}, "下の血圧は、上の血圧より小さい数字です"),
        ({"d0m1s": ""}, "数字を入れてください"),
        ({"d0w": "5420"}, "入れまちがいではありませんか"),
    ],
)
def test_a_wrong_sheet_is_shown_again_with_what_was_typed(system, city, mine, nurse, me, wrong, said):
    """Nothing is stored, nothing has to be typed a second time."""
    agree(system, *me)
    answer = city.sent(nurse, DIARY, DIARY, **(a_week(system, me) | wrong))
    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="124"' in answer.text
    assert "<tr data-x" not in mine.get("/record/blood-pressure?period=day").text
    assert "124" not in city.told(mine.get("/record/blood-pressure?period=week").text)


def test_an_empty_sheet_says_that_something_is_missing(city, nurse, system, me):
    """An accidental click stores nothing."""
    typed = {"patient": me[1], "born": BORN, "first": first_day(system)}
    answer = city.sent(nurse, DIARY, DIARY, **typed)
    assert answer.status_code == 422
    assert "1つ以上入れてください" in answer.text


def test_nothing_is_copied_for_who_does_not_let_anything_be_taken_in(system, city, mine, nurse, me):
    """Paper is no way round consent; it looks like a wrong number."""
    answer = city.sent(nurse, DIARY, DIARY, **a_week(system, me))
    assert answer.status_code == 422
    assert "紙から" not in mine.get("/record/blood-pressure?period=week").text


def test_a_red_value_on_paper_is_told_at_the_counter(system, city, nurse, me):
    """Whoever types it in hears it, not only the work list."""
    agree(system, *me)
    early = system.clock.now().astimezone(system.settings.tz).hour < 8  # this morning is still to come
    newest, when = (first_day(system, 1), "d0e1") if early else (first_day(system, 0), "d0m1")
    typed = {"patient": me[1], "born": BORN, "first": newest, f"{when}s": "196", f"{when}d": "122"}
    answer = city.sent(nurse, DIARY, DIARY, **typed)
    assert "red=1" in answer.headers["location"]
    assert "赤い値があります" in nurse.get(answer.headers["location"]).text


def test_a_copied_food_diary_is_in_the_week(system, city, mine, nurse, me):
    """Two foods of one dinner are two."""
    agree(system, *me)
    day = first_day(system, 1)
    typed = {"patient": me[1], "born": BORN}
    for row in (0, 1):
        typed |= {f"f{row}day": day, f"f{row}meal": "dinner", f"f{row}energy": "300", f"f{row}salt": "1.2"}
    assert "stored=2" in city.sent(nurse, FOOD, FOOD, **typed).headers["location"]
    assert mine.get("/nutrition").text.count("300 kcal") == 2
    wrong = city.sent(nurse, FOOD, FOOD, patient=me[1], born=BORN, f0energy="300", f0day="2999-01-01")
    assert wrong.status_code == 422
    assert "1つ選んでください" in wrong.text


def test_a_decision_on_paper_starts_and_stops_sharing_at_once(system, city, mine, registrar, me):
    """The same versions, the same receipt; the history says that it came on paper."""
    place = "/staff/paper/consent/guidance"
    typed = {"patient": me[1], "born": BORN, "day": first_day(system, 1), "on": "1", "text": "2026-04"}
    assert "1つ選んでください" in city.sent(registrar, place, place, **typed).text  # the scan is missing
    begun = decided(registrar, city, place, typed)
    assert begun.headers["location"] == "/staff/paper?done=consent-on"
    page = mine.get("/sharing").text
    assert "紙の申込みで" in page
    assert city.sent(registrar, place, place, **(typed | {"on": "0"})).status_code == 303
    again = city.sent(registrar, place, place, **(typed | {"on": "0"}))
    assert again.status_code == 422
    assert "止めるものがありません" in again.text
    held = system.consents.all(me[0], actor=me[1], role="resident", request="test")
    assert [(one.version, one.consent.status) for one in held] == [(2, "inactive")]


def test_a_sheet_does_not_begin_again_what_was_stopped_after_it(system, city, registrar, me):
    """A pile of sheets is copied weeks later; who has changed their mind on the phone must not be shared again."""
    place = "/staff/paper/consent/guidance"
    typed = {"patient": me[1], "born": BORN, "day": first_day(system, 14), "on": "1", "text": "2026-04"}
    agree(system, *me, purposes=("collect", "guidance"), date_time=system.clock.now() - timedelta(days=3))
    assert city.sent(registrar, place, place, **(typed | {"on": "0"})).status_code == 303
    late = decided(registrar, city, place, typed)
    assert late.status_code == 422
    assert "そのあとに、この共有は止められています" in late.text
    same = decided(registrar, city, place, typed | {"day": first_day(system, 0)})
    assert same.status_code == 422  # whether it was signed before or after, nobody knows
    shared = system.consents.all(me[0], actor=me[1], role="resident", request="test")
    assert not any(
        "guidance" in (rule.purposes or ()) for one in shared for rule in one.consent.base.children
    )
    other = decided(registrar, city, place.replace("guidance", "points"), typed)
    assert other.headers["location"] == "/staff/paper?done=consent-on"  # that was never stopped


@pytest.mark.parametrize(
    "wrong",
    [
        {"born": "1950-03-10"},
        {"patient": "p-nobody"},
        {"text": "1999-01"},
        {"day": "2999-01-01"},
        {"on": ""},
        {"day": ""},
    ],
)
def test_a_wrong_decision_on_paper_changes_nothing(system, city, registrar, me, wrong):
    """A decision is never recorded for somebody else, for a text that nobody wrote, or for tomorrow."""
    place = "/staff/paper/consent/guidance"
    typed = {"patient": me[1], "born": BORN, "day": first_day(system), "on": "1", "text": "2026-04"}
    answer = decided(registrar, city, place, typed | wrong)
    assert answer.status_code == 422
    assert system.consents.all(me[0], actor=me[1], role="resident", request="test") == []


def test_stopping_one_purpose_on_paper_leaves_the_others(system, city, nurse, me):
    """A consent that names four purposes loses one."""
    agree(system, *me)
    place = "/staff/paper/consent/guidance"
    typed = {"patient": me[1], "born": BORN, "day": first_day(system, 0), "on": "0", "text": "2026-04"}
    assert city.sent(nurse, place, place, **typed).status_code == 303
    held = system.consents.all(me[0], actor=me[1], role="resident", request="test")
    live = {p for one in held for rule in one.consent.base.children for p in rule.purposes if one.consent.status == "active"}  # fmt: skip
    assert live == {"collect", "risk", "points"}


def test_the_pages_of_paper_have_their_own_doors(mine, nurse, registrar):
    """Residents print, staff copy."""
    for page in (
        "/staff/paper",
        DIARY,
        FOOD,
        CARD,
        "/staff/paper/consent/points",
        "/staff/questionnaires/kihon",
    ):
        assert mine.get(page).status_code == 404
        assert nurse.get(page).status_code == 200
        assert registrar.get(page).status_code == 200
    assert nurse.get("/paper").status_code == 404
    assert nurse.get("/staff/paper/letter").status_code == 404
    assert nurse.get("/staff/paper/consent/self").status_code == 404


def test_a_request_about_the_records_can_be_written_on_paper(
    system, city, mine, registrar, nurse, me, monkeypatch
):
    """The sheet opens the counter's form with the number in it; what the clerk records is what the screen records."""
    printed = []
    with monkeypatch.context() as patch:
        patch.setattr(paper_sheets, "printed", lambda sheet, at: printed.append(sheet) or b"%PDF-")
        assert mine.get("/paper/rights.pdf").status_code == 200
    address = f"http://127.0.0.1:8000/staff/rights?for={me[1]}"
    assert printed[0]["code"] == segno.make(address, error="m", micro=False).svg_inline(border=0, dark="#000")
    assert registrar.get("/staff/paper/rights.pdf").content.startswith(b"%PDF-")
    assert "/staff/paper/rights.pdf" in registrar.get("/staff/paper").text
    assert "/staff/paper/rights.pdf" not in nurse.get("/staff/paper").text  # she does not answer requests
    place = f"/staff/rights?for={me[1]}"
    assert f'value="{me[1]}"' in registrar.get(place).text
    wrong = city.sent(
        registrar,
        place,
        "/staff/rights",
        number=me[1],
        kind="correct",
        text="紙の値",
        as_whom="proxy",
        proof="",
    )
    assert wrong.status_code == 422
    assert "紙の値" in wrong.text
    assert '<option value="correct" selected>' in wrong.text
    sent = city.sent(
        registrar, place, "/staff/rights", number=me[1], kind="correct", text="紙の値", as_whom="self"
    )
    assert sent.headers["location"] == "/staff/rights?done=recorded"
    assert "紙の値" in mine.get("/documents").text
