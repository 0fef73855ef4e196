"""The examples of the documentation against the real service: an app in a browser until it is cut, and a program."""

from __future__ import annotations

import httpx
import pytest
from joserfc.jwk import ECKey

from docs.examples.backend_service import observations
from docs.examples.smart_app import SCOPE, App, newest
from phr.bootstrap import start
from tests.conformance.smart.conftest import a_world
from tests.conftest import FixedClock, settings_at
from tests.served import CHROMIUM, a_port, browser, served


@pytest.fixture(scope="module")
def town(database_url):
    """A city on a port of its own, whose address its settings know."""
    port = a_port()
    system = start(settings_at(database_url, base_url=port[1]), FixedClock())
    world = a_world(system)
    with served(world.app, port) as world.address:
        yield world
    system.close()


def test_a_program_reads_what_consent_lets_its_organisation_see(town):
    """Thirty lines: assertion, token, search."""
    key = ECKey.generate_key("P-384")
    jwks = {"keys": [{**key.as_dict(private=False), "kid": "k"}]}
    name = town.backend(jwks=jwks)
    with httpx.Client() as line:
        found = observations(line, town.address, name, key.as_pem(private=True).decode(), "k", town.patient)
    assert {one["resource"]["code"]["coding"][0]["code"] for one in found["entry"]} == {"85354-9"}


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_an_app_is_let_in_shows_the_newest_blood_pressure_and_is_cut(town):
    """From the app to the page of the question, sign-in, yes, the value; then one button, and the token is dead."""
    port = a_port()
    here = port[1]
    name = town.add(redirect_uris=(f"{here}/back",), scope=SCOPE, name="血圧ノート")
    link = town.system.accounts.issue(town.patient, "link", purpose="self", request="test")
    with served(App(town.address, name, here).routes, port), browser() as chromium:
        page = chromium.new_context(viewport={"width": 390, "height": 844}, locale="ja-JP").new_page()
        said = []
        page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
        page.goto(here)
        page.click("a")
        page.wait_for_url("**/sign-in?**")
        where = page.url.partition("after=")[2]
        page.goto(f"{town.address}/sign-in?token={link}&after={where}")
        page.locator("form[action='/session'] button[type=submit]").first.click()
        page.wait_for_url("**/connect/apps/allow/**")
        assert "血圧ノート" in page.inner_text("h1")
        page.click("text=許可する")
        page.wait_for_url(f"{here}/back**")
        assert page.inner_text("p") == "128/82 mmHg"
        page.goto(f"{town.address}/connect/apps")
        page.click("text=このアプリを止める")
        page.wait_for_url("**/connect/apps?notice=ended")
        assert "アプリを止めました" in page.inner_text("[role=status]")
        assert [one for one in said if "Content Security Policy" in one] == []


def test_no_blood_pressure_is_said_so():
    """An empty searchset."""
    assert newest({}) == "No blood pressure yet."
