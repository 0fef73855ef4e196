"""The resident's story through the real pages and the real database."""

from __future__ import annotations

from datetime import timedelta

import pytest

from phr.web.answer import SESSION_COOKIE
from tests.build import agree


@pytest.fixture
def me(system, city):
    return city.a_resident(system)


@pytest.fixture
def mine(system, city, app, browse, me):
    return city.signed_in(system, app, browse, me[1], "resident")


def test_a_link_works_once(system, city, app, browse, me):
    """A link that was seen over a shoulder or kept in a history opens nothing."""
    link = system.accounts.issue(me[1], "link", purpose="self", request="test")
    first = city.opened(browse(app), link)
    second = city.opened(browse(app), link)
    assert first.get("/today").status_code == 200
    assert second.last.status_code == 403
    assert second.get("/today").headers["location"].startswith("/sign-in")


def test_the_cookie_is_out_of_reach_of_scripts(system, city, app, browse, me):
    """HttpOnly and SameSite; on an address that is not loopback also Secure."""
    client = city.signed_in(system, app, browse, me[1], "resident")
    cookie = client.last.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie


def test_signing_out_ends_the_session_in_the_service(city, mine):
    """A copied cookie is worthless afterwards."""
    kept = mine.cookies.get(SESSION_COOKIE)
    city.sent(mine, "/more", "/session/end")
    mine.cookies.set(SESSION_COOKIE, kept, domain="127.0.0.1")
    assert mine.get("/today").status_code == 303


def test_a_session_ends_when_it_is_idle(clock, mine):
    """A phone that was left on a table shows nothing later."""
    assert mine.get("/today").status_code == 200
    clock.tick(timedelta(minutes=16))
    assert mine.get("/today").status_code == 303


@pytest.mark.parametrize("page", ["/today", "/record/blood-pressure", "/record/steps?period=day", "/record/sleep?period=week", "/record/weight?period=year", "/sharing", "/who-looked", "/check-up", "/points", "/more"])  # fmt: skip
def test_every_page_opens_before_the_first_reading(mine, page):
    """A new person has nothing, and that is no error."""
    assert mine.get(page).status_code == 200


@pytest.mark.parametrize("page", ["/staff", "/research", "/operate", "/operate/audit"])
def test_pages_of_another_role_do_not_exist(mine, page):
    """A resident cannot tell what staff see."""
    assert mine.get(page).status_code == 404


def test_nothing_is_kept_until_collecting_is_shared(city, mine):
    """Refused, with words that say what to do."""
    answer = city.sent(mine, "/record/weight", "/record/weight", weight="54.2")
    assert answer.status_code == 422
    assert "機器からの取りこみ" in answer.text
    assert "54.2" not in mine.get("/record/weight?period=day").text


def test_what_is_typed_by_hand_is_kept_marked_and_earns(system, city, mine, me):
    """The value is shown, carries the manual bit, and earns whatever it is."""
    agree(system, *me)
    answer = city.sent(
        mine, "/record/blood-pressure", "/record/blood-pressure",
        systolic="１２８", diastolic="76", pulse="", slot="evening",
    )  # fmt: skip
    assert answer.headers["location"] == "/record/blood-pressure?saved=1"
    page = mine.get("/record/blood-pressure?period=day").text
    assert 'data-k="evening-systolic" data-v="128.0"' in page
    points = mine.get("/points").text
    assert "+1" in points
    assert "確認中" in points


def test_points_that_wait_for_a_budget_say_so(system, city, mine, me, admin):
    """R6-1: an empty budget is told in a sentence with what comes next; nothing looks lost."""
    agree(system, *me)
    city.sent(mine, "/record/weight", "/record/weight", weight="54.2")
    assert "予算が、いまなくなっています" not in mine.get("/points").text
    admin.execute("UPDATE phr.outbox SET last_error = 'no-budget' WHERE person_id = %s", (me[0],))
    page = mine.get("/points").text
    assert "予算が、いまなくなっています" in page
    assert "自動でつきます" in page


def test_a_reading_of_180_asks_to_rest_and_measure_again(system, city, mine, me):
    """The answer itself says so; nobody waits for the night."""
    agree(system, *me)
    answer = city.sent(
        mine, "/record/blood-pressure", "/record/blood-pressure", systolic="186", diastolic="112", slot=""
    )
    assert answer.headers["location"] == "/record/blood-pressure?saved=urgent"
    assert "もう一度はかって" in mine.get("/today").text


def test_the_same_evening_never_counts_as_a_morning(system, city, mine, me):
    """The week's averages need five days of one slot."""
    agree(system, *me)
    city.pressures(system, me[0], 6)
    page = mine.get("/record/blood-pressure?period=week").text
    assert page.count("6日分。") == 2


def test_two_nights_are_never_added_up(system, city, mine, me):
    """A night that begins after midnight belongs to the same waking day as one that began before it."""
    agree(system, *me)
    city.sleep(system, me[0], 10)
    page = mine.get("/record/sleep?period=week").text
    values = [float(part.partition('"')[0]) for part in page.split('data-v="')[1:]]
    assert len(values) >= 5
    assert max(values) < 8


def test_another_resident_sees_nothing_of_it(system, city, app, browse, me):
    """The record that a page opens is always the session's own."""
    agree(system, *me)
    city.pressures(system, me[0], 6, upper=171.0)
    other = city.a_resident(system, "別の 人")
    theirs = city.signed_in(system, app, browse, other[1], "resident")
    for page in ("/today", "/record/blood-pressure", "/who-looked", "/check-up"):
        text = city.told(theirs.get(page).text)
        assert "171" not in text
        assert "佐藤" not in text


def test_the_limits_and_reasons_of_a_check_up_are_shown(system, city, mine, me):
    """What asks for a doctor comes first, then the level with its reasons."""
    agree(system, *me)
    city.a_checkup(system, me[0], system.clock.now().date() - timedelta(days=20))
    page = mine.get("/check-up").text
    assert page.index("医師に見てもらいたい値があります") < page.index("積極的支援")
    assert "HbA1c 6.8 %(受診勧奨判定値 6.5 以上)" in page
    assert "医師に見てもらいたい健診の値があります" in mine.get("/today").text


def test_a_purpose_goes_on_and_off_with_a_receipt(city, mine):
    """Each decision is a version of its own; the receipt names it and its moment."""
    on = city.sent(mine, "/sharing", "/sharing/guidance", on="1", version="0", read="1")
    page = mine.get(on.headers["location"]).text
    assert "「保健師の相談」の共有を始めました" in page
    off = city.sent(mine, "/sharing", "/sharing/guidance", on="0", version="1")
    page = mine.get(off.headers["location"]).text
    assert "「保健師の相談」の共有を止めました" in page
    assert "第2版" in page
    assert page.count("保健師の相談：") == 2


def test_an_old_decision_form_is_refused(city, mine):
    """Two windows: the second one did not see what the first decided."""
    city.sent(mine, "/sharing", "/sharing/guidance", on="1", version="0", read="1")
    assert city.sent(mine, "/sharing", "/sharing/guidance", on="1", version="0", read="1").status_code == 409


def test_stopping_one_purpose_leaves_the_others_of_the_same_consent(system, city, mine, me):
    """A paper form may name four purposes; stopping one must not stop three more."""
    agree(system, *me)
    off = city.sent(mine, "/sharing", "/sharing/guidance", on="0", version="1")
    assert "止めました" in mine.get(off.headers["location"]).text
    held = system.consents.all(me[0], actor=me[1], role="resident", request="test")
    live = {p for one in held for rule in one.consent.base.children for p in rule.purposes if one.consent.status == "active"}  # fmt: skip
    assert live == {"collect", "risk", "points"}


def test_a_form_without_its_token_is_refused(mine):
    """Another site has the cookie but not the token."""
    answer = mine.post("/sharing/guidance", data={"on": "1", "version": "0", "read": "1"})
    assert answer.status_code == 403
    assert "guidance" not in mine.get("/sharing").text.partition("これまでの変更")[2]


def test_points_appear_without_the_ledger_and_say_so(system, city, mine, me):
    """The ledger does not answer here: the own list is shown, and that the ledger is out of reach."""
    agree(system, *me)
    city.sent(mine, "/record/weight", "/record/weight", weight="54.2")
    page = mine.get("/points").text
    assert "ポイントの台帳に、いまつながりません" in page
    assert "血圧・体重を書きこんだ" in page


def test_the_log_names_the_nurse_and_marks_the_machine(system, city, app, browse, mine, me, admin):
    """Who, of which organisation, what, why; a computation is not a person."""
    agree(system, *me)
    city.a_checkup(system, me[0], system.clock.now().date() - timedelta(days=20))
    system.assess(request="assess-1")
    nurse = city.a_member(system, "nurse", display="鈴木 看護")
    client = city.signed_in(system, app, browse, nurse, "nurse")
    case = admin.execute("SELECT item_id FROM phr.work_item WHERE person_id = %s", (me[0],)).fetchone()[0]
    assert client.get(f"/staff/cases/{case}").status_code == 200
    page = mine.get("/who-looked").text
    assert "保健師 鈴木 看護" in page
    assert "健康推進課" in page
    assert "市のコンピューター" in page
    table = mine.get("/who-looked.csv").text
    assert "鈴木 看護" in table
