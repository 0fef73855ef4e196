"""The pages in a real browser: the policy holds, charts are drawn, nothing runs over the edge of a phone."""

from __future__ import annotations

import pytest

from phr.web.answer import SESSION_COOKIE
from tests.served import CHROMIUM, served

PAGES = [
    ("resident", "/today"),
    ("resident", "/record/blood-pressure"),
    ("resident", "/record/heart-rate"),
    ("resident", "/sharing"),
    ("resident", "/who-looked"),
    ("resident", "/check-up"),
    ("resident", "/points"),
    ("resident", "/connect"),
    ("resident", "/connect/files"),
    ("resident", "/connect/cards"),
    ("nurse", "/staff"),
    ("nurse", "/staff/cases/a3"),
    ("researcher", "/research/releases/R8-009"),
    ("researcher", "/research/requests/new"),
    ("operator", "/operate"),
    ("operator", "/operate/audit"),
    ("", "/sign-in"),
]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::DeprecationWarning"
    ),  # the browser's driver
]


@pytest.fixture(scope="module")
def address(samples, people, fake_service):
    with served(fake_service.application(samples, people)) as made:
        yield made


def opened(chromium, address, role, width, language, *, scripts=True):
    context = chromium.new_context(
        viewport={"width": width, "height": 844}, locale=language, java_script_enabled=scripts
    )
    if role:
        context.add_cookies([{"name": SESSION_COOKIE, "value": role, "url": address}])
    return context.new_page()


@pytest.mark.parametrize(
    ("width", "language"), [(390, "ja-JP"), pytest.param(1280, "en-GB", marks=pytest.mark.slow)]
)
def test_no_page_complains_or_runs_over_the_edge(chromium, address, width, language):
    """No refusal by the policy, no script error, no scrolling sideways."""
    found = []
    for role, path in PAGES:
        page = opened(chromium, address, role, width, language)
        page.on("console", lambda message, at=path: found.append((at, message.text)))
        page.on("pageerror", lambda error, at=path: found.append((at, str(error))))
        page.goto(address + path)
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if over > 0:
            found.append((path, f"{over} px over the edge"))
        page.context.close()
    assert found == []


def test_a_chart_is_drawn_and_named(chromium, address):
    """From the rows of the table, with a name for those who do not see it."""
    page = opened(chromium, address, "resident", 1280, "ja-JP")
    page.goto(address + "/record/blood-pressure")
    canvas = page.locator(".chart canvas")
    assert canvas.count() == 1
    assert "血圧のグラフ" in canvas.get_attribute("aria-label")
    colours = page.evaluate(
        "(c => new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size)"
        "(document.querySelector('.chart canvas'))"
    )
    assert colours > 10
    page.context.close()


def test_everything_works_without_scripts(chromium, address):
    """The numbers are in the table, and forms are plain forms."""
    page = opened(chromium, address, "resident", 390, "ja-JP", scripts=False)
    page.goto(address + "/record/blood-pressure")
    assert page.locator("tr[data-x]").count() == 28
    assert not page.locator(".chart__plot").is_visible()
    page.fill("#systolic", "128")
    page.fill("#diastolic", "76")
    page.get_by_role("button", name="この値を記録する").click()
    assert page.url.endswith("saved=1")
    page.get_by_text("記録しました").wait_for()
    page.context.close()
