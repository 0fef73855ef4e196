"""Who uses no mouse, other colours, large letters or paper reaches and sees everything."""

from __future__ import annotations

import pytest

from docs.screenshots import ADDRESS, CHROMIUM, Web, fullest

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::DeprecationWarning"
    ),  # the browser's driver
]
SOME = ("today", "record", "sharing", "messages", "second", "case", "work_list", "request", "components")
"""Templates with every kind of control, of each role."""
FOLLOW = """
window.walked = [];
addEventListener('focusin', event => {
  const shown = [event.target, event.target.closest('.choice')].filter(Boolean)
    .some(one => getComputedStyle(one).outlineStyle !== 'none');
  window.walked.push([event.target, shown]);
});
"""
REACHABLE = """
[...document.querySelectorAll('a[href],button,input,select,textarea,summary,[tabindex]')].filter(one =>
  one.tabIndex >= 0 && !one.disabled && one.type !== 'hidden' && one.checkVisibility()
  && (one.type !== 'radio' || one === (document.querySelector(
    `input[type=radio][name="${one.name}"]:checked`) || document.querySelector(
    `input[type=radio][name="${one.name}"]`))))
"""
LEFT_OUT = f"""() => {{
  const walked = new Set(window.walked.map(([one]) => one));
  const radios = new Set([...walked].filter(one => one.type === 'radio').map(one => one.name));
  const told = one => one.tagName + ' ' + (one.id || one.textContent.trim().slice(0, 30));
  return {{
    missed: {REACHABLE}.filter(one => !walked.has(one) && !(one.type === 'radio' && radios.has(one.name))).map(told),
    unseen: window.walked.filter(([one, shown]) => !shown && one !== document.body).map(([one]) => told(one)),
  }};
}}"""
WIDER = """() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(  // a chart draws itself anew
  () => done(document.documentElement.scrollWidth > window.innerWidth))))"""


@pytest.fixture(scope="module")
def browser(chromium):
    return chromium


@pytest.fixture(scope="module")
def pages(samples, rendered):
    """The fullest state of each page, in Japanese."""
    japanese = {state: html for (state, locale), html in rendered.items() if locale == "ja"}
    return {**fullest(samples.VIEWS, japanese), "today": japanese["today"]}


@pytest.mark.parametrize("templates", [SOME, pytest.param((), marks=pytest.mark.slow)], ids=["some", "all"])
def test_the_tab_key_reaches_everything_and_shows_where_it_is(browser, samples, pages, templates):
    """Each link, button and field of a page is reached, and each one shows its focus; every page at night."""
    chosen = [state for state in sorted(pages) if not templates or samples.VIEWS[state][0] in templates]
    tab = Web(pages).page(browser, 1280)
    tab.add_init_script(FOLLOW)
    wrong = {}
    for state in chosen:
        tab.goto(f"{ADDRESS}/{state}")
        count = tab.evaluate(f"{REACHABLE}.length")
        dates = tab.evaluate("document.querySelectorAll('input[type=date]').length")
        for _ in range(count + 3 * dates + 10):  # year, month, day and the calendar are a stop each
            tab.keyboard.press("Tab")
        found = tab.evaluate(LEFT_OUT)
        if found["missed"] or found["unseen"]:
            wrong[state] = found
    tab.context.close()
    assert wrong == {}
    assert len(chosen) >= len(templates)


def test_the_first_tab_offers_the_way_past_the_menu(browser, pages):
    """Who listens need not hear the menu on each page."""
    tab = Web(pages).page(browser, 390)
    tab.goto(f"{ADDRESS}/today")
    tab.keyboard.press("Tab")
    box = tab.locator(".skip:focus").bounding_box()
    assert box is not None
    assert box["y"] >= 0
    tab.keyboard.press("Enter")
    tab.wait_for_function("document.activeElement.id === 'main'")
    tab.context.close()


def test_the_menu_of_languages_opens_and_is_walked_by_keys(browser, pages):
    """The menu and every folded part are opened by Enter, and what they hold comes next."""
    tab = Web(pages).page(browser, 390)
    tab.goto(f"{ADDRESS}/today")
    tab.locator(".menu > summary").focus()
    tab.keyboard.press("Enter")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.matches('.menu__item')")
    tab.keyboard.press("Shift+Tab")
    tab.keyboard.press("Enter")
    assert not tab.locator(".menu__panel").is_visible()
    tab.context.close()


def test_choices_are_made_with_arrows_and_the_space_bar(browser, pages):
    """A questionnaire is filled in without a mouse."""
    state = next(name for name in pages if name.startswith("questionnaire-draft"))
    tab = Web(pages).page(browser, 390)
    tab.goto(f"{ADDRESS}/{state}")
    first = tab.locator("input[type=radio]").first
    name = first.get_attribute("name")
    first.focus()
    tab.keyboard.press("Space")
    tab.keyboard.press("ArrowDown")
    group = f"[...document.getElementsByName({name!r})].map(one => one.checked)"
    assert tab.evaluate(group)[:2] == [False, True]
    tab.context.close()


@pytest.mark.parametrize("templates", [SOME, pytest.param((), marks=pytest.mark.slow)], ids=["some", "all"])
def test_nothing_is_lost_at_200_and_400_percent(browser, samples, pages, templates):
    """1280 px at 200 % is 640 px, at 400 % it is 320 px: nobody scrolls sideways (WCAG 1.4.10)."""
    tab = Web(pages).page(browser, 640)
    wrong = []
    for state in [one for one in sorted(pages) if not templates or samples.VIEWS[one][0] in templates]:
        tab.goto(f"{ADDRESS}/{state}")
        for width in (640, 320):
            tab.set_viewport_size({"width": width, "height": 900})
            if tab.evaluate(WIDER):
                wrong.append((state, width))
    tab.context.close()
    assert wrong == []


def test_own_colours_of_the_system_leave_buttons_and_values_visible(browser, pages):
    """In forced colours a background is gone: edges and the dot of the band must stay."""
    tab = Web(pages).page(browser, 1280, forced_colors="active")
    tab.goto(f"{ADDRESS}/today")
    edge = tab.locator(".btn").first.evaluate("one => parseFloat(getComputedStyle(one).borderTopWidth)")
    dot, ground = tab.evaluate(
        "[getComputedStyle(document.querySelector('.band__now')).fill,"
        " getComputedStyle(document.body).backgroundColor]"
    )
    tab.context.close()
    assert edge >= 1
    assert dot != ground


def test_who_wants_no_motion_sees_none(browser, pages):
    """Nothing turns or slides when the system says so; else the waiting sign turns."""
    moving = "getComputedStyle(document.querySelector('.wait__dot')).animationName"
    found = []
    for wish in ("reduce", "no-preference"):
        tab = Web(pages).page(browser, 1280, reduced_motion=wish)
        tab.goto(f"{ADDRESS}/components")
        found.append(tab.evaluate(moving))
        tab.context.close()
    assert found == ["none", "turn"]


def test_paper_has_the_content_and_not_the_menus(browser, pages):
    """Folded parts are open on paper; bars, menus and links to elsewhere are not printed."""
    tab = Web(pages).page(browser, 720)
    tab.emulate_media(media="print")
    tab.goto(f"{ADDRESS}/components")
    inside = tab.locator("details.details > p").first
    assert inside.evaluate("one => one.checkVisibility({contentVisibilityProperty: true})")
    assert inside.bounding_box()["height"] > 0
    for state, menus in (("today", ".tabbar, .menu, .skip"), ("work-list-storm", ".staff-nav, .menu, .skip")):
        tab.goto(f"{ADDRESS}/{state}")
        assert not tab.evaluate(
            f"[...document.querySelectorAll('{menus}')].some(one => one.checkVisibility())"
        )
    tab.context.close()
