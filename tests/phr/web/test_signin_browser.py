"""Signing in as people do it, in a real browser: staff with two factors and passkeys, residents with the common ID."""

from __future__ import annotations

from uuid import uuid4

import pyotp
import pytest

from phr.asgi import create_app
from phr.bootstrap import start
from synthetic_data.openid import Provider, serve
from tests.conftest import settings_at as settings_for
from tests.served import CHROMIUM, a_port, served

PHRASE = "川べりをゆっくり長く歩くのがすき"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.db,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::DeprecationWarning"
    ),  # the browser's driver
]


@pytest.fixture(scope="module")
def town(database_url):
    """The whole service under a name (passkeys need one), with a common ID, and its address."""
    port = a_port("localhost")
    address = port[1]
    provider = Provider(redirect_uris=(f"{address}/sign-in/openid/back",), people={"wako": ("pin", "sc")})
    with serve(provider) as issuer:
        system = start(
            settings_for(
                database_url,
                base_url=address,
                staff_second_factor="on",
                oidc_issuer=issuer,
                oidc_client_id="phr",
                oidc_client_secret="an invented secret",
            )
        )
        with served(create_app(system), port):
            yield system, address
        system.close()


@pytest.fixture
def page(chromium):
    """A page that fails the test when the policy is broken or a script complains."""
    context = chromium.new_context(locale="ja-JP", viewport={"width": 1280, "height": 900})
    made = context.new_page()
    wrong = []
    made.on("pageerror", lambda error: wrong.append(str(error)))
    made.on(
        "console",
        lambda message: (
            wrong.append(message.text) if message.type == "error" and "403" not in message.text else None
        ),
    )
    yield made
    context.close()
    assert wrong == []


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def a_nurse(system):
    """A nurse who has a number and a passphrase, and nothing more."""
    name = f"n-{uuid4().hex[:8]}"
    system.accounts.put(name, "nurse", recipient=system.settings.recipient, display="高橋 美咲", request="t")
    link = system.accounts.issue(name, "link", purpose="guidance", request="t")
    half = system.accounts.redeem(link, "t")
    system.factors.set_passphrase(half.caller.account, name, PHRASE, "t")
    return name


def test_a_nurse_enrols_makes_a_passkey_and_uses_it(town, page):
    """From the first passphrase to a day on which a finger is enough; the recovery codes are shown once."""
    system, address = town
    name = a_nurse(system)
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    page.goto(f"{address}/sign-in")
    page.fill("#number", name)
    page.fill("#passphrase", PHRASE)
    press(page, "ログイン")
    page.wait_for_url("**/sign-in/second")
    page.goto(f"{address}/staff")
    assert "/sign-in" in page.url  # the half opens nothing
    page.goto(f"{address}/sign-in/second")
    shows = pyotp.TOTP(page.locator("section .mono").first.inner_text().replace(" ", ""))
    page.fill("#code", "000000")
    press(page, "登録してログイン")
    page.get_by_role("alert").wait_for()
    page.fill("#code", shows.now())
    press(page, "登録してログイン")
    begins = page.get_by_role("link", name="書きとめました。はじめる")
    begins.wait_for()
    assert page.locator("li.mono").count() == 10
    begins.click()
    page.wait_for_url("**/staff")

    page.goto(f"{address}/account")
    page.fill("#label", "仕事の端末")
    press(page, "パスキーをつくる")
    page.wait_for_url("**/account?done=passkey")
    assert page.get_by_text("仕事の端末").is_visible()
    press(page, "ログアウト")
    page.wait_for_url("**/sign-in?done=out")
    press(page, "パスキーを使う")
    page.wait_for_url("**/staff")


def test_a_resident_ties_the_common_id_once(town, page):
    """The link of the city's letter ties it; from then on the common ID alone opens the own page."""
    system, address = town
    patient = f"p-{uuid4().hex[:12]}"
    person = system.register.ensure(patient, actor="t", role="system", request="t")
    system.accounts.put(
        patient, "resident", recipient=f"Patient/{patient}", display="佐藤 和子", person=person, request="t"
    )
    link = system.accounts.issue(patient, "link", purpose="self", request="t")

    def by_common_id():
        page.goto(f"{address}/sign-in?after=/sharing")
        page.get_by_role("link", name="共通IDの画面へ進む").click()
        press(page, "wako")

    by_common_id()
    page.wait_for_url("**/sign-in?done=tie")
    page.fill("#token", link)
    press(page, "この画面にログイン")
    page.wait_for_url("**/today")
    page.goto(f"{address}/account")
    assert page.get_by_text("受け取ったリンク").is_visible()
    page.goto(f"{address}/more")
    press(page, "ログアウト")
    page.wait_for_url("**/sign-in?done=out")
    by_common_id()
    page.wait_for_url("**/sharing")
