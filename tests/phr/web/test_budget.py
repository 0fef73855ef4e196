"""Each page is light enough for a slow telephone: what it sends, how often it asks, and whether it jumps."""

from __future__ import annotations

import gzip
import re
import sys

import pytest

from docs.screenshots import ADDRESS, CHROMIUM, Web, fullest
from phr.web.sheets import asset

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::DeprecationWarning"
    ),  # the browser's driver
]
MOST_BYTES = 100_000
"""Of one first load, each file as sent with gzip: the page, its sheets, scripts and drawings."""
MOST_REQUESTS = 12
MOST_SHIFT = 0.1
"""What https://web.dev/articles/cls calls good."""
SLOWER = 4
OBSERVE = """
window.shift = 0;
new PerformanceObserver(list => { for (const one of list.getEntries()) window.shift += one.value; })
  .observe({type: 'layout-shift', buffered: true});
"""
SEEN = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  const painted = () => performance.getEntriesByName('first-contentful-paint')[0];
  while (!painted() && performance.now() < 60000) await frame();
  await frame();
  await frame();
  return {shift: window.shift, paint: painted()?.startTime ?? 0};
}"""
"""A machine under load tells of its first paint later than two frames."""


SOME = ("today", "record", "case", "risk", "nutrition", "work_list", "sharing", "programme")
"""The heaviest pages; every page is loaded at night."""


@pytest.fixture(
    scope="module", params=[SOME, pytest.param((), marks=pytest.mark.slow)], ids=["heaviest", "every"]
)
def loads(request, samples, rendered, chromium):
    """Pages in their fullest state, loaded for the first time by a slow telephone."""
    japanese = {state: html for (state, locale), html in rendered.items() if locale == "ja"}
    every = fullest(samples.VIEWS, japanese)
    pages = {
        state: html
        for state, html in every.items()
        if not request.param or samples.VIEWS[state][0] in request.param
    }
    web, found = Web(pages), {}
    tab = web.page(chromium, 390)
    tab.add_init_script(OBSERVE)
    tab.context.new_cdp_session(tab).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    asked = []
    tab.on("request", lambda request: asked.append(request.url))
    for state in sorted(pages):
        asked.clear()
        web.sent.clear()
        tab.goto(f"{ADDRESS}/{state}")
        found[state] = {**tab.evaluate(SEEN), "bytes": sum(web.sent.values()), "requests": len(asked)}
    tab.context.close()
    return found


def test_no_state_of_any_page_sends_more_or_asks_more(rendered):
    """Counted from what the page names, for every state and language; drawings of one sprite are one file."""
    sizes, wrong = {}, {}
    for key, html in rendered.items():
        files = set(re.findall(r'(?:href|src)="/static/([^"?#]+)', html))
        for name in files - sizes.keys():
            sizes[name] = len(gzip.compress(asset(name), 6))
        total = len(gzip.compress(html.encode(), 6)) + sum(sizes[name] for name in files)
        if total > MOST_BYTES or len(files) + 1 > MOST_REQUESTS:
            wrong[key] = (total, len(files) + 1)
    assert wrong == {}
    assert sizes


def test_no_page_sends_more_than_a_hundred_kilobytes(loads):
    """The limit holds for a first visit, when nothing is kept yet."""
    assert {state: one["bytes"] for state, one in loads.items() if one["bytes"] > MOST_BYTES} == {}
    assert all(one["bytes"] > 0 for one in loads.values())


def test_no_page_asks_more_than_twelve_times(loads):
    """Each question costs a way to the server and back."""
    assert {state: one["requests"] for state, one in loads.items() if one["requests"] > MOST_REQUESTS} == {}


def test_no_page_jumps_while_it_is_read(loads):
    """Who is about to press a button finds it where it was."""
    assert {state: one["shift"] for state, one in loads.items() if one["shift"] >= MOST_SHIFT} == {}


def test_every_page_is_painted(loads):
    """The times are printed for comparison (pytest -s); a machine under load is no reason to fail."""
    slowest = sorted(loads, key=lambda state: loads[state]["paint"])[-5:]
    sys.stderr.write("".join(f"\n{state}: first paint {loads[state]['paint']:.0f} ms" for state in slowest))
    assert all(one["paint"] > 0 for one in loads.values())
