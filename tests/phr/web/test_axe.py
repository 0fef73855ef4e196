"""Accessibility rules of WCAG 2.2 AA, as axe-core checks them, over every state of every page in both themes."""

from __future__ import annotations

from pathlib import Path

import pytest

from phr.web.headers import PAGE_HEADERS
from phr.web.sheets import asset
from tests.served import CHROMIUM

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
RULES = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
ADDRESS = "http://pages.test"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::DeprecationWarning"
    ),  # the browser's driver
]
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2"}


def shown(chromium, pages, width, theme):
    """A page of the browser for which the rendered states are the whole web."""
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, locale="ja-JP", reduced_motion="reduce"
    )

    def answer(route):
        path = route.request.url.removeprefix(ADDRESS).partition("?")[0]
        if path.startswith("/static/"):
            name = path.removeprefix("/static/")
            route.fulfill(body=asset(name), content_type=TYPES.get(Path(name).suffix, "text/plain"))
        else:
            headers = {**PAGE_HEADERS, "Content-Type": "text/html; charset=utf-8"}
            route.fulfill(
                status=200 if path[1:] in pages else 404, body=pages.get(path[1:], ""), headers=headers
            )

    context.route("**/*", answer)
    return context.new_page()


def violations(page, options):
    """What axe finds: the rule, and the first element that breaks it."""
    page.evaluate(AXE)
    found = page.evaluate("options => axe.run(document, options)", options)
    return [(one["id"], one["nodes"][0]["target"][0]) for one in found["violations"]]


def looked_at(chromium, pages, width, theme, rules=RULES):
    """What axe finds on each of these pages."""
    page = shown(chromium, pages, width, theme)
    wrong = {}
    for state in sorted(pages):
        page.goto(f"{ADDRESS}/{state}")
        found = violations(page, {"runOnly": rules, "resultTypes": ["violations"]})
        if found:
            wrong[state] = found
    page.context.close()
    return wrong


def of_each_template(samples, rendered):
    """One state of each template: the one with the most in it."""
    fullest = {}
    for state, (template, _, _) in samples.VIEWS.items():
        html = rendered[state, "ja"]
        if len(html) > len(fullest.get(template, ("", ""))[1]):
            fullest[template] = (state, html)
    return dict(fullest.values())


@pytest.mark.parametrize(
    ("width", "theme"), [(1280, "light"), pytest.param(390, "dark", marks=pytest.mark.slow)]
)
def test_axe_finds_nothing_on_any_page(chromium, samples, rendered, width, theme):
    """The fullest state of every page; a desk in light, and what a phone in the dark could change."""
    rules = RULES if theme == "light" else {"type": "rule", "values": ["color-contrast", "target-size"]}
    assert looked_at(chromium, of_each_template(samples, rendered), width, theme, rules) == {}


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["ja", "en"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_on_any_state(chromium, rendered, width, locale, theme):
    """Every state: empty, wrong entry, no consent, late, stopped."""
    pages = {state: html for (state, language), html in rendered.items() if language == locale}
    assert looked_at(chromium, pages, width, theme) == {}


def test_the_check_finds_what_is_wrong(chromium):
    """Else the test above would pass for nothing."""
    page = shown(chromium, {"bad": "<html><body><img src='/x.png'><p style='color:#ccc'>x</p>"}, 390, "light")
    page.goto(f"{ADDRESS}/bad")
    found = {rule for rule, _ in violations(page, {"runOnly": RULES})}
    page.context.close()
    assert {"image-alt", "html-has-lang", "document-title"} <= found
