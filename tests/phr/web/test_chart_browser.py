"""Charts in a real browser: another period without loading the page again, and a day of samples without stutter."""

from __future__ import annotations

import sys

import pytest

from phr.web.answer import SESSION_COOKIE
from tests.served import CHROMIUM, served

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::DeprecationWarning"
    ),  # the browser's driver
]
PAN = """async (frames) => {
  const box = document.querySelector('.chart__plot'), from = box.getBoundingClientRect();
  const y = from.top + from.height / 2, times = [];
  const send = (type, x) => box.dispatchEvent(new PointerEvent(type, {clientX: x, clientY: y, buttons: 1, bubbles: true}));
  send('pointerdown', from.left + from.width / 2);
  let last = performance.now();
  for (let i = 0; i < frames; i++) {
    send('pointermove', from.left + from.width / 2 + 120 * Math.sin(i / 8));
    await new Promise(requestAnimationFrame);
    const now = performance.now(); times.push(now - last); last = now;
  }
  send('pointerup', from.left);
  return times.sort((a, b) => a - b);
}"""
DRAW = """(count) => {
  const at = new Float64Array(count), values = new Array(count), box = document.createElement('div');
  for (let i = 0; i < count; i++) { at[i] = i; values[i] = 70 + 25 * Math.sin(i / 700) + i % 7; }
  document.body.append(box);
  const begin = performance.now();
  new uPlot({width: 800, height: 300, scales: {x: {time: false}}, series: [{}, {stroke: 'red'}]}, [at, values], box);
  return new Promise(done => requestAnimationFrame(() => done(performance.now() - begin)));
}"""


@pytest.fixture(scope="module")
def address(samples, people, fake_service):
    with served(fake_service.application(samples, people)) as made:
        yield made


@pytest.fixture
def page(chromium, address):
    """A page of a resident that fails on any complaint of the browser."""
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="ja-JP")
    context.add_cookies([{"name": SESSION_COOKIE, "value": "resident", "url": address}])
    made = context.new_page()
    found = []
    made.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    made.on("pageerror", lambda error: found.append(str(error)))
    yield made
    context.close()
    assert [text for text in found if "ERR_TIMED_OUT" not in text] == []  # what a test broke on purpose


def test_another_period_comes_without_loading_the_page_again(page, address):
    """What was typed stays, the address changes, the chart is drawn anew, and going back shows the period before."""
    from playwright.sync_api import expect

    page.goto(f"{address}/record/blood-pressure?period=month")
    page.evaluate("window.here = true")
    page.fill("#systolic", "128")
    page.get_by_role("link", name="年", exact=True).click()
    page.wait_for_url("**period=year**")
    expect(page.locator("#records tr[data-x]")).to_have_count(52, timeout=60_000)
    assert page.locator("#records canvas").count() == 1
    assert page.evaluate("document.activeElement.dataset.swap") == "year"
    assert page.locator('#records a[data-swap="year"]').get_attribute("aria-current") == "true"
    assert "表示しています" in page.locator("[data-records-say]").inner_text()
    page.go_back()
    expect(page.locator("#records tr[data-x]")).to_have_count(28, timeout=60_000)
    assert page.evaluate("window.here") is True
    assert page.input_value("#systolic") == "128"


def test_a_period_that_does_not_come_is_said_and_the_old_one_stays(page, address):
    """A broken line is no empty chart."""
    page.goto(f"{address}/record/blood-pressure?period=month")
    page.route("**/record/blood-pressure?period=week*", lambda route: route.abort("timedout"))
    page.get_by_role("link", name="週", exact=True).click()
    page.get_by_text("読みこめませんでした").wait_for()
    assert (
        page.get_by_role("link", name="もう一度開く")
        .get_attribute("href")
        .endswith("period=week&last=2026-11-21")
    )
    assert page.locator("#records tr[data-x]").count() == 28
    assert page.locator("#records").get_attribute("aria-busy") is None


def test_a_closer_look_shows_the_hour_and_never_leaves_the_day(page, address):
    """The first picture is thinned; a closer look asks once for every sample."""
    from playwright.sync_api import expect

    asked = []
    page.on("request", lambda request: asked.append(request.url) if "samples.json" in request.url else None)
    page.goto(f"{address}/record/heart-rate?period=day")
    closer = page.get_by_role("button", name="大きく")
    closer.wait_for()
    for _ in range(3):
        closer.click()
    expect(page.locator("#records canvas")).to_have_count(1, timeout=60_000)
    page.get_by_role("button", name="次へ").click()
    page.get_by_role("button", name="小さく").click()
    assert [url.partition("day=")[2] for url in asked] == ["2026-11-21", "2026-11-21&every=1"]
    assert page.locator("#records canvas").count() == 1


@pytest.mark.slow
def test_a_day_of_a_value_each_second_is_dragged_without_stutter(page, address):
    """86,400 samples: docs/reference/benchmarks.md has the numbers. The limits leave room for a machine under load."""
    page.goto(f"{address}/record/heart-rate?period=day")
    page.get_by_role("button", name="大きく").click()
    page.wait_for_timeout(1500)
    frames = page.evaluate(PAN, 60)
    drawn = sorted(page.evaluate(DRAW, 100_000) for _ in range(5))[2]
    middle, late = frames[30], frames[57]
    sys.stderr.write(
        f"\n100,000 points drawn in {drawn:.0f} ms; frames while panning: median {middle:.1f} ms, p95 {late:.1f} ms\n"
    )
    assert drawn < 500
    assert middle < 50
