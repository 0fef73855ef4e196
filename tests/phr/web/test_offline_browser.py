"""Times without network in a real browser: today is still there, signing out leaves nothing, a visit is sent later."""

from __future__ import annotations

from datetime import timedelta

import pytest

from phr.asgi import create_app
from phr.domain.access import Access, machine
from tests.build import CITY, agree, blood_pressure
from tests.served import CHROMIUM, served

CODE = "川べりの白い犬が走る"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.db,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::DeprecationWarning"
    ),  # the browser's driver
]


@pytest.fixture
def address(system):
    """The whole service on loopback, where workers are allowed."""
    with served(create_app(system)) as made:
        yield made


@pytest.fixture
def page(chromium):
    """A page that fails the test when the policy is broken or a script stumbles; no network is no stumble."""
    context = chromium.new_context(locale="ja-JP", viewport={"width": 390, "height": 844})
    made = context.new_page()
    wrong = []
    expected = ("ERR_INTERNET_DISCONNECTED", "ERR_FAILED", "status of 404", "status of 409")
    made.on("pageerror", lambda error: wrong.append(str(error)))
    made.on(
        "console",
        lambda said: (
            wrong.append(said.text)
            if said.type == "error" and not any(one in said.text for one in expected)
            else None
        ),
    )
    yield made
    context.close()
    assert wrong == []


@pytest.fixture
def resident(system, city):
    made = city.a_resident(system)
    return (*made, agree(system, *made, date_time=system.clock.now() - timedelta(minutes=5)))


def enter(page, system, address, subject, purpose, *, shared=False):
    """Signs in with a link, as people do."""
    link = system.accounts.issue(subject, "link", purpose=purpose, request="test")
    page.goto(f"{address}/sign-in?token={link}")
    if shared:
        page.locator("#shared-link").check()
    page.locator('form:has(input[name="way"][value="link"]) button[type="submit"]').click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


def kept(page):
    """What the browser keeps of pages, by address."""
    return page.evaluate(
        "async () => (await caches.has('phr-kept')) ?"
        " (await (await caches.open('phr-kept')).keys()).map((one) => new URL(one.url).pathname) : []"
    )


def comes(page, true):
    """Waits until something is so that a worker or the page does in its own time."""
    for _ in range(600):
        if true():
            return
        page.wait_for_timeout(100)
    raise AssertionError(kept(page))


def wait_kept(page, *paths):
    """Waits until the worker has kept these pages."""
    comes(page, lambda: set(paths) <= set(kept(page)))


def wait_forgotten(page):
    """Waits until the worker is gone, and nothing that it kept is left."""
    workers = "async () => (await navigator.serviceWorker.getRegistrations()).length"
    comes(page, lambda: page.evaluate(workers) == 0 and kept(page) == [])


def test_today_and_the_card_are_there_without_network_until_signing_out(page, system, address, resident):
    """The line says of when they are; other pages say that there is no network; signing out leaves nothing."""
    enter(page, system, address, resident[1], "self")
    wait_kept(page, "/today", "/emergency")
    page.context.set_offline(True)
    page.goto(f"{address}/today")
    assert "の記録です" in page.locator("[data-kept]").inner_text()
    assert page.locator("[data-kept] time").get_attribute("datetime")
    assert page.evaluate("getComputedStyle(document.querySelector('.kept')).fontWeight") == "700"
    page.goto(f"{address}/emergency")
    assert page.get_by_role("heading", name="緊急カード").first.is_visible()
    page.goto(f"{address}/sharing")
    assert page.get_by_role("heading", name="つながっていません").is_visible()
    page.context.set_offline(False)
    page.goto(f"{address}/more")
    assert not page.locator("[data-kept]").count()
    tokens = page.evaluate(
        "async () => (await (await (await caches.open('phr-kept')).match('/today')).text()).match(/name=.csrf. value=.[^\"]/g)"
    )
    assert tokens is None
    page.get_by_role("button", name="ログアウト").click()
    page.wait_for_url("**/sign-in?done=out")
    wait_forgotten(page)
    page.context.set_offline(True)
    page.goto("about:blank")
    with pytest.raises(Exception, match="ERR_"):
        page.goto(f"{address}/today")


def test_a_page_older_than_three_days_and_a_shared_device_show_nothing(page, system, address, resident):
    """What is too old goes; whoever signs in on the same browser as on a shared one takes the rest away."""
    enter(page, system, address, resident[1], "self")
    wait_kept(page, "/today", "/emergency")
    page.evaluate(
        "async () => { const it = await caches.open('phr-kept'); const old = await it.match('/today');"
        " await it.put('/today', new Response(await old.text(), {headers: {'X-Kept-At': String(Date.now() - 72 * 3600e3)}})); }"
    )
    page.context.set_offline(True)
    page.goto(f"{address}/today")
    assert page.get_by_role("heading", name="つながっていません").is_visible()
    page.context.set_offline(False)
    page.goto(f"{address}/today")
    wait_kept(page, "/today", "/emergency")
    page.context.clear_cookies()
    enter(page, system, address, resident[1], "self", shared=True)
    wait_forgotten(page)


@pytest.fixture
def held(system, city, resident):
    """A nurse with a case in her hands."""
    nurse = city.a_member(system, "nurse")
    at = system.clock.now() - timedelta(hours=1)
    system.receive(resident[0], [blood_pressure(at, 186, 112)], request="test")
    rows = system.worklist.listed(machine(CITY, "guidance", "test"), limit=500)
    item = next(row.item for row in rows if row.person.person_id == resident[0])
    access = Access("nurse", nurse, CITY, "guidance", "test")
    system.worklist.claim(item.item_id, access)
    return nurse, item.item_id, access


def write(page, note, upper="", lower=""):
    """Fills the form of the visit."""
    page.fill('[data-list] [name="systolic"]', upper)
    page.fill('[data-list] [name="diastolic"]', lower)
    page.fill('[data-list] [name="note"]', note)
    page.get_by_role("button", name="書きとめる").click()
    page.get_by_text(note).first.wait_for()


def contacts(system, case, access):
    """What the case says of visits."""
    return [one.note for one in system.worklist.open(case, access).events if one.event == "contact:visit"]


def test_a_visit_is_written_without_network_sent_later_and_both_sides_are_shown(
    page, system, address, resident, held
):
    """A colleague changed the case meanwhile: she sees what happened, decides, and it counts once; then it is gone."""
    nurse, case, access = held
    enter(page, system, address, nurse, "guidance")
    page.goto(f"{address}/staff/visits/{case}")
    page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    page.fill("#code", CODE)
    page.fill("#again", CODE)
    page.get_by_role("button", name="この訪問を用意する").click()
    page.locator("[data-ready] a").wait_for()
    stored = page.evaluate(
        "() => new Promise((done) => { const it = indexedDB.open('phr-visits'); it.onsuccess = () => {"
        " const all = it.result.transaction('visits').objectStore('visits').getAll();"
        " all.onsuccess = () => { it.result.close(); done(Object.keys(all.result[0])); }; }; })"
    )
    assert sorted(stored) == ["case", "sealed", "until"]

    page.context.set_offline(True)
    page.goto(f"{address}/visit")
    page.fill("#code", "ちがう合言葉です")
    page.get_by_role("button", name="開く").click()
    page.get_by_text("合言葉がちがいます").wait_for()
    page.fill("#code", CODE)
    page.get_by_role("button", name="開く").click()
    page.get_by_role("heading", name="佐藤 和子").wait_for()
    write(page, "庭まで歩ける", "150", "92")
    page.get_by_text("まだ送っていません").wait_for()
    system.worklist.contact(case, access, "phone-reached", "[reached] 電話があった")

    page.context.set_offline(False)
    page.get_by_text("ほかの人が、このケースを先に変えました").wait_for()
    assert "電話があった" in page.locator("[data-theirs]").inner_text()
    assert contacts(system, case, access) == []
    page.get_by_role("button", name="それでも記録する").click()
    page.get_by_text("この端末に、用意した訪問はありません").wait_for()
    assert contacts(system, case, access) == ["[reached] 庭まで歩ける"]


def test_after_a_withdrawal_she_is_told_and_nothing_is_stored(page, system, address, resident, held):
    """What was taken along goes at once; her own words stay until she has read why."""
    nurse, case, access = held
    enter(page, system, address, nurse, "guidance")
    page.goto(f"{address}/staff/visits/{case}")
    page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    page.fill("#code", CODE)
    page.fill("#again", CODE)
    page.get_by_role("button", name="この訪問を用意する").click()
    page.locator("[data-ready] a").click()
    page.fill("#code", CODE)
    page.get_by_role("button", name="開く").click()
    page.get_by_role("heading", name="佐藤 和子").wait_for()
    page.context.set_offline(True)
    write(page, "とても元気")
    page.once("dialog", lambda asked: asked.dismiss())
    system.consents.withdraw(resident[0], resident[2], actor=resident[1], role="resident", request="t")
    page.context.set_offline(False)
    page.get_by_text("市には何も保存していません").wait_for()
    assert page.get_by_role("heading", name="佐藤 和子").count() == 0
    page.get_by_role("button", name="読みました").click()
    page.get_by_text("この端末に、用意した訪問はありません").wait_for()
    agree(system, resident[0], resident[1])
    assert contacts(system, case, access) == []
