"""Uploads in a real browser over the real service: pieces, a lost line, a progress bar, and a card on one sheet."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from phr.web.answer import SESSION_COOKIE
from tests.phr.services.sending import PRESSURES, a_city, everything
from tests.served import CHROMIUM, served

pytestmark = [
    pytest.mark.browser,
    pytest.mark.db,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::DeprecationWarning"
    ),  # the browser's driver
]
LARGE = 20 << 20


class Wire:
    """The application behind a line that breaks when told."""

    def __init__(self, app):
        self.app = app
        self.pieces = []
        self.broken = 0

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and scope["method"] == "PATCH":
            offset = next(value for name, value in scope["headers"] if name == b"upload-offset")
            self.pieces.append(int(offset))
            if self.broken:
                self.broken -= 1
                await send({"type": "http.response.start", "status": 502, "headers": []})
                await send({"type": "http.response.body", "body": b""})
                return
        await self.app(scope, receive, send)


@pytest.fixture
def town(database_url, clock, tmp_path):
    made = a_city(database_url, clock, tmp_path)
    yield made
    made.close()


@pytest.fixture
def wire(town, city):
    made = Wire(city.application(town))
    with served(made) as made.address:
        yield made


@pytest.fixture
def page(town, city, browse, wire, chromium):
    me = everything(town)
    town.accounts.put(me[1], "resident", recipient=f"Patient/{me[1]}", display="x", person=me[0], request="t")
    with ThreadPoolExecutor(1) as apart:  # the browser's driver holds the loop of this thread
        signed = apart.submit(city.signed_in, town, wire.app, browse, me[1], "resident").result()
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="ja-JP")
    context.add_cookies(
        [{"name": SESSION_COOKIE, "value": signed.cookies[SESSION_COOKIE], "url": wire.address}]
    )
    opened = context.new_page()
    opened.said = []
    opened.on("pageerror", lambda error: opened.said.append(str(error)))
    opened.on("console", lambda message: opened.said.append(message.text))
    yield opened
    context.close()


def chosen(page, wire, path):
    page.goto(f"{wire.address}/connect/files")
    page.set_input_files("#file", path)
    page.get_by_role("button", name="送る", exact=True).click()


def test_a_large_file_goes_in_pieces_and_on_after_a_lost_line(page, wire, tmp_path):
    """Three pieces of 8 MB at most; the second is lost once and sent again from the same place."""
    path = tmp_path / "big.zip"
    path.write_bytes(b"PK\x03\x04" + b"\0" * (LARGE - 4))
    wire.broken = 1
    chosen(page, wire, path)
    page.wait_for_url("**/connect/files?notice=refused", timeout=60_000)
    assert wire.pieces == [0, 0, 8 << 20, 16 << 20]
    assert page.get_by_text("知らない種類のファイルです").is_visible()
    assert [line for line in page.said if "502" not in line] == []


def test_the_same_file_goes_on_after_the_page_was_closed(page, wire, tmp_path):
    """Chosen again, only the rest is sent."""
    path = tmp_path / "big.zip"
    path.write_bytes(b"PK\x03\x04" + b"\0" * (LARGE - 4))
    page.route("**/connect/files/parts/*", _only_first)
    chosen(page, wire, path)
    page.get_by_text("つながりが切れました").wait_for(timeout=60_000)
    assert "40%" in page.locator("[data-percent]").inner_text()
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("about:blank")  # before the line holds again: nothing more is sent from the page
    page.unroute_all(behavior="ignoreErrors")
    sent = len(wire.pieces)
    chosen(page, wire, path)
    page.wait_for_url("**/connect/files?notice=refused", timeout=60_000)
    assert wire.pieces[sent:] == [8 << 20, 16 << 20]


def _only_first(route):
    offset = route.request.headers.get("upload-offset", "0")
    if route.request.method == "PATCH" and offset == "0":
        route.continue_()
    else:
        route.abort()


def test_the_list_shows_what_became_of_a_file_by_itself(page, wire, town, tmp_path):
    """Nobody has to load the page again."""
    path = tmp_path / "bp.csv"
    path.write_bytes(PRESSURES)
    chosen(page, wire, path)
    page.wait_for_url("**/connect/files?notice=sent", timeout=60_000)
    assert page.get_by_text("読みこみを待っています").is_visible()
    town.upload_jobs.round(request="t")
    page.get_by_text("読みこみました").wait_for(timeout=60_000)
    assert page.get_by_text("20件").is_visible()
    assert page.said == []


def test_a_card_fits_on_one_sheet_and_its_picture_is_large(page, wire, tmp_path):
    """Printed, it is the card alone."""
    page.goto(f"{wire.address}/connect/cards")
    page.get_by_role("button", name="カードをつくる").click()
    page.locator(".gate-card").wait_for()
    page.locator("[data-print]").wait_for()  # a script shows it
    path = tmp_path / "card.pdf"
    page.pdf(path=path, prefer_css_page_size=True)
    assert b"/Count 1\n" in path.read_bytes() or b"/Count 1>" in path.read_bytes()
    page.emulate_media(media="print")
    assert page.locator(".gate-card__qr svg").bounding_box()["width"] > 300
    assert not page.get_by_text("新しいカード").is_visible()
    assert not page.locator(".site-footer").is_visible()
    assert page.said == []
