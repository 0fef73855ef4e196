"""One story for each role, from signing in to signing out, in a real browser over the real service and database."""

from __future__ import annotations

from datetime import timedelta

import pytest

from phr.domain.family.guardianship import Asked
from phr.ids import new_id
from phr.services.family import Clerk
from tests.build import agree
from tests.phr.services.families import PROOF
from tests.phr.web import city
from tests.served import CHROMIUM, browser
from tests.story.stage import DESK, PHONE, STAFF_JA, Visit, pictures, running

pytestmark = [
    pytest.mark.browser,
    pytest.mark.db,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::DeprecationWarning"
    ),  # the browser's driver
]
STAFF_EN = {"sign-in": "Sign in", "enrol": "Register and sign in", "begin": "Written down. Begin"}


@pytest.fixture(scope="module")
def stage(database_url):
    with running(database_url, ["kazuko", "megumi"]) as made:
        yield made


@pytest.fixture(scope="module")
def chromium():
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return pictures(tmp_path_factory.mktemp("pictures"))


@pytest.fixture
def visit(stage, chromium, folder):
    def opened(name, shape=PHONE, locale="ja-JP"):
        return Visit(stage, chromium, folder, name, shape, locale)

    return opened


def common_id(v, who, link=""):
    """Signs in with the common ID; the first time the link of the city's letter ties it."""
    v.go("/sign-in", "sign-in")
    v.follow("共通IDの画面へ進む")
    v.press(who)
    if link:
        v.arrives("/sign-in?done=tie")
        v.show("tie")
        v.page.fill("#token", link)
        v.press("この画面にログイン")
    v.arrives("/today")


def test_a_resident_looks_writes_down_shares_and_leaves(stage, visit):
    """佐藤和子 on her phone: today, a blood pressure, sharing on and off, who looked, check-up, points, and out."""
    person, patient = stage.resident("佐藤 和子", "サトウ カズコ")
    stage.measured(person, city)
    with visit("resident") as v:
        common_id(v, "kazuko", stage.link(patient))
        v.show("today")
        v.follow("記録")
        v.sees("グラフと表")
        v.page.get_by_label("上の血圧").fill("１２６")
        v.page.get_by_label("下の血圧").fill("78")
        v.press("この値を記録する")
        v.sees("記録しました")
        v.show("record")
        for vital in ("steps", "sleep", "weight"):
            v.go(f"/record/{vital}?period=week", f"record-{vital}")
        v.go("/check-up", "check-up")
        v.go("/sharing", "sharing")
        card = v.page.locator("section[aria-labelledby=c-points]")
        card.get_by_role("button").first.click()
        v.sees("共有を止めました")
        v.show("sharing-stopped")
        v.go("/who-looked", "who-looked")
        assert "あなた" in v.text()
        for path in ("/points", "/messages", "/questionnaires", "/nutrition", "/connect", "/family", "/risk"):
            v.go(path, path.strip("/"))
        v.go("/account", "account")
        v.go("/more", "more")
        v.signs_out("ログアウト")


def test_a_daughter_acts_for_her_mother(stage, visit):
    """田中恵 switches to her mother's pages, writes down a value, finds what is closed, and goes back."""
    mother, mother_patient = stage.resident("田中 ハル", "タナカ ハル", "1948-01-20")
    daughter, patient = stage.resident("田中 恵", "タナカ メグミ", "1975-06-01")
    stage.measured(mother, city, upper=144.0)
    until = stage.system.clock.now().date() + timedelta(days=80)
    clerk = Clerk("counter-1", "story")
    asked = Asked("mandate", "mandate", PROOF, until)
    row = stage.system.guardians.record(mother, daughter, asked, clerk, may_points=True)
    with visit("proxy") as v:
        common_id(v, "megumi", stage.link(patient))
        v.go("/family", "family")
        v.press("田中 ハルさんの画面に切りかえる")
        v.arrives("/today")
        v.sees("田中 ハルさんの記録を見ています")
        v.show("her-today")
        v.go("/record/blood-pressure")
        v.page.get_by_label("上の血圧").fill("138")
        v.page.get_by_label("下の血圧").fill("84")
        v.press("この値を記録する")
        v.sees("記録しました")
        assert "代理の人が入力" in v.page.content()
        v.show("her-record")
        v.go("/more", "her-more")
        v.go("/points", "her-points")
        v.go("/who-looked", "her-who-looked")
        v.allow("status of 403")
        v.page.goto(f"{stage.address}/sharing")
        v.sees("このページは、代わりには使えません")
        v.show("closed")
        stage.system.guardians.end(mother, row.guardianship_id, clerk)
        v.follow("田中 ハルさんのきょうを見る")
        v.sees("代わりに見ることは、終わりました")
        v.show("over")
        v.go("/more")
        v.signs_out("ログアウト")
    with visit("proxy-mother") as v:
        v.go(f"/sign-in?token={stage.link(mother_patient)}")
        v.press("この画面にログイン")
        v.go("/who-looked", "who-looked")
        assert "田中 恵" in v.text()


def test_a_nurse_works_through_a_case(stage, visit):
    """Takahashi at her desk, in English: two factors, the list, a case, a contact, a decision, a letter, and out."""
    person, _ = stage.resident("林 花子", "ハヤシ ハナコ", "1968-09-30")
    stage.measured(person, city)
    stage.system.assess(request="story")
    subject = stage.staff("nurse", "高橋 美咲")
    with visit("nurse", DESK, "en-GB") as v:
        v.signs_in_as_staff(subject, STAFF_EN)
        v.arrives("/staff")
        v.show("work-list")
        v.follow("林 花子")
        v.show("case")
        v.press("Take this case")
        v.sees("Record a contact")
        v.press("Reached by phone", exact=False)
        v.show("contact")
        v.page.select_option("#decision", "watch")
        v.page.fill("#decision-reason", "Walks more already; look again in spring.")
        v.press("Record the decision")
        v.show("decided")
        for path in ("search", "letters", "team", "statistics", "guidance", "families", "programme"):
            v.go(f"/staff/{path}", path)
        v.page.goto(f"{stage.address}/staff/search")
        v.page.fill("#name", "ハヤシ")
        v.page.locator("form[role=search] button").click()
        v.sees("林 花子")
        v.show("found")
        v.signs_out("Sign out")


def test_a_clerk_registers_who_acts_and_hands_over_a_link(stage, visit, tmp_path):
    """At the counter: a mother and her son come; she gets a link, he may act for her for a while."""
    _, mother = stage.resident("岡 ヨシ", "オカ ヨシ", "1945-02-11")
    _, son = stage.resident("岡 進", "オカ ススム", "1972-12-24")
    scan = tmp_path / "mandate.pdf"
    scan.write_bytes(b"%PDF-1.4 signed")
    subject = stage.staff("registrar", "窓口 一郎")
    last = (stage.system.clock.now().date() + timedelta(days=60)).isoformat()
    with visit("registrar", DESK) as v:
        v.signs_in_as_staff(subject, STAFF_JA)
        v.arrives("/counter")
        v.show("counter")
        v.page.fill("#name", "岡 ヨ")
        v.press("さがす")
        v.follow("岡 ヨシ")
        v.show("person")
        v.page.fill("#holder", son)
        v.page.fill("#born", "1972-12-24")
        v.page.select_option("#kind", "mandate")
        v.page.select_option("#proof", "mandate")
        v.page.fill("#until", last)
        v.page.set_input_files("#scan", scan)
        v.press("登録する")
        v.sees("登録しました", "岡 進")
        v.show("registered")
        v.press("1回だけのリンクをつくる")
        code = v.page.locator("p.mono").first.inner_text()
        v.show("link")
        v.signs_out("ログアウト")
    with visit("registrar-resident") as r:
        r.go(f"/sign-in?token={code}")
        r.press("この画面にログイン")
        r.arrives("/today")
        r.go("/family", "family")
        assert "岡 進" in r.text()
    assert mother != son


def test_a_researcher_asks_and_two_operators_answer(stage, visit):
    """Aoki asks for data and gets a certificate; two operators approve, look at the state, the accounts and the trail."""
    university = f"Organization/univ-{new_id().hex[:8]}"
    for number in range(6):
        person, patient = stage.resident(f"人 {number}", f"ヒト {number}", "1955-05-05")
        agree(stage.system, person, patient, purposes=("research-deidentified",), recipients=(university,))
        city.steps(stage.system, person, 3, per_hour=300 + number)
    today = stage.system.clock.now().astimezone(stage.system.settings.tz).date()
    researcher = stage.staff("researcher", "青木 薫", university)
    operators = [stage.staff("operator", name) for name in ("森田 誠", "岡 恵")]
    with visit("researcher", DESK) as v:
        v.signs_in_as_staff(researcher, STAFF_JA)
        v.arrives("/research")
        v.show("catalogue")
        v.follow("データ利用を申請する")
        v.fills_in(
            {
                "title": "歩数の研究",
                "protocol": "P-1",
                "responsible": "青木 薫、公衆衛生学",
                "committee": "2026-031",
                "since": today.isoformat(),
                "until": (today + timedelta(days=365)).isoformat(),
                "purpose": "季節で歩数がどう変わるか",
                "first": (today - timedelta(days=30)).isoformat(),
                "last": today.isoformat(),
            }
        )
        v.page.check("input[name=variables][value='55423-8']")
        v.show("request")
        v.press("申請を出す")
        v.arrives("/research/releases/")
        release = v.page.url.removeprefix(stage.address)
        v.show("waiting")
        for turn, name in enumerate(operators, 1):
            with visit(f"operator-{turn}", DESK) as o:
                o.signs_in_as_staff(name, STAFF_JA)
                o.arrives("/operate")
                o.show("status")
                o.press("承認する 歩数の研究")
                o.show("approved")
                if turn == 1:
                    o.go("/operate/audit", "audit")
                    o.go("/operate/accounts", "accounts")
                    o.go("/components", "components")
                o.signs_out("ログアウト")
        v.go(release, "release")
        v.signs_out("ログアウト")


def test_a_shared_tablet_keeps_nothing_and_leaves_by_itself(stage, visit):
    """A countdown that can be seen and put off; at its end, and after signing out, nothing of anybody is left."""
    _, patient = stage.resident("森 みどり", "モリ ミドリ")
    with visit("tablet") as v:
        now = stage.system.clock.now()
        v.page.clock.install(time=now)
        v.page.clock.pause_at(
            now + timedelta(seconds=1)
        )  # the countdown stands, however long a picture takes
        v.go(f"/sign-in?shared=1&token={stage.link(patient)}", "sign-in")
        v.press("この画面にログイン")
        v.arrives("/today")
        v.sees("みんなで使う端末です", "あと3分")
        v.show("today")
        v.page.clock.fast_forward(150_000)
        v.sees("あと30秒")
        v.show("soon")
        v.page.get_by_role("link", name="まだ使う").click()
        v.sees("あと3分")
        v.page.clock.fast_forward(181_000)
        v.arrives("/sign-in?done=idle")
        v.sees("使われない時間が続いたので、ログアウトしました")
        v.show("idle")
        v.page.goto(f"{stage.address}/today")
        assert "/sign-in" in v.page.url
        v.go(f"/sign-in?shared=1&token={stage.link(patient)}")
        v.press("この画面にログイン")
        v.go("/record/blood-pressure")
        v.go("/more")
        v.signs_out("ログアウト")
        assert v.page.evaluate("caches.keys()") == []
        assert v.page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0
        assert v.page.evaluate("localStorage.length + sessionStorage.length") == 0
        assert {cookie["name"] for cookie in v.context.cookies()} <= {"phr_form"}


def test_a_shared_tablet_without_scripts_leaves_too(stage, chromium):
    """Without scripts the page itself goes away when the time is over; the service ended the session by then."""
    _, patient = stage.resident("原 さくら", "ハラ サクラ")
    context = chromium.new_context(java_script_enabled=False, locale="ja-JP")
    page = context.new_page()
    page.goto(f"{stage.address}/sign-in?shared=1&token={stage.link(patient)}")
    page.get_by_role("button", name="この画面にログイン").click()
    page.wait_for_url("**/today")
    goes = page.locator("meta[http-equiv=refresh]").get_attribute("content")
    assert goes == "182;url=/sign-in?done=idle&shared=1"
    assert "3分使わないと、自動でログアウトします" in page.content()
    context.close()
