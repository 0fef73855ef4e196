"""Own colours, a screen reader, paper and the keyboard alone: what a page says and does is the same for everybody."""

from __future__ import annotations

import itertools
import re
from urllib.parse import parse_qs

import pytest

from docs.screenshots import ADDRESS, CHROMIUM, Web, fullest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::DeprecationWarning"
    ),  # the browser's driver
]
SOME = ("today", "record", "sharing", "case", "work_list", "check_up")
EVERY = [SOME, pytest.param((), marks=pytest.mark.slow)]
KANA = re.compile("[぀-ヿ]")
NAMES = re.compile(r"""\b(?:aria-label|title|alt|placeholder|data-label)="([^"]*)\"""")
OUTLINE = """() => ({
  nameless: [...document.querySelectorAll('nav,section[aria-label],section[aria-labelledby],aside,[role=region]')]
    .filter(one => one.checkVisibility() && !(one.getAttribute('aria-label')
      || one.getAttribute('aria-labelledby')?.split(' ').some(id => document.getElementById(id)?.textContent.trim())))
    .map(one => one.outerHTML.slice(0, 80)),
  headings: [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].filter(one => one.checkVisibility())
    .map(one => +one.tagName[1]),
  mains: document.querySelectorAll('main').length,
})"""
UNCUT = """() => [...document.querySelectorAll('table')].filter(one => one.checkVisibility()
  && one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map(one => one.id || one.caption?.textContent.trim())"""
PAINTED = """() => {
  const canvas = document.querySelector('.chart__plot canvas');
  const [ground] = [getComputedStyle(document.body).backgroundColor];
  const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  const wanted = ground.match(/\\d+/g).slice(0, 3).map(Number);
  let other = 0;
  for (let i = 0; i < data.length; i += 4) {
    const far = Math.abs(data[i] - wanted[0]) + Math.abs(data[i + 1] - wanted[1]) + Math.abs(data[i + 2] - wanted[2]);
    if (data[i + 3] > 128 && far > 380) other++;
  }
  return other;
}"""


@pytest.fixture(scope="module")
def browser(chromium):
    return chromium


def states_of(rendered, locale):
    return {state: html for (state, language), html in rendered.items() if language == locale}


@pytest.fixture(scope="module")
def pages(samples, rendered):
    """The fullest state of each page, in Japanese."""
    return fullest(samples.VIEWS, states_of(rendered, "ja"))


def chosen(samples, pages, templates):
    """The states of these templates; none named means all."""
    return [one for one in sorted(pages) if not templates or samples.VIEWS[one][0] in templates]


def controls(snapshot, found=()):
    """Links, buttons and fields of a page as a screen reader hears them: role and name."""
    return [line.strip() for line in snapshot.splitlines() if line.strip().startswith(ROLES)]


ROLES = tuple(
    f"- {role}" for role in ("link", "button", "textbox", "checkbox", "radio", "combobox", "spinbutton")
)


@pytest.mark.parametrize("templates", EVERY, ids=["some", "all"])
def test_a_screen_reader_hears_a_name_for_everything(browser, samples, pages, templates):
    """Each control has a name, each landmark too, headings skip no step, and there is one main part."""
    tab = Web(pages).page(browser, 1280)
    wrong = {}
    for state in chosen(samples, pages, templates):
        tab.goto(f"{ADDRESS}/{state}")
        heard = controls(tab.locator("body").aria_snapshot())
        nameless = [line for line in heard if '"' not in line]
        outline = tab.evaluate(OUTLINE)
        levels = outline["headings"]
        skipped = [(a, b) for a, b in itertools.pairwise(levels) if b > a + 1]
        if nameless or outline["nameless"] or skipped or outline["mains"] != 1 or levels.count(1) != 1:
            wrong[state] = (nameless, outline, skipped)
        assert heard, state
    tab.context.close()
    assert wrong == {}


def test_names_that_only_a_screen_reader_says_are_in_the_language_of_the_page(rendered):
    """An English voice cannot read kana; names of people and places are data and are written in kanji here."""
    wrong = {
        (state, text)
        for state, html in states_of(rendered, "en").items()
        for text in NAMES.findall(re.sub(r'(?s)<div class="menu__panel".*?</div>', "", html))
        if KANA.search(text)
    }
    assert wrong == set()


def test_a_chart_is_seen_in_the_own_colours_of_a_system(browser, pages):
    """Lines and limits of a drawing are not made of colours that the system takes away."""
    state = next(one for one in pages if one.startswith("record"))
    for theme in ("light", "dark"):
        tab = Web(pages).page(browser, 1280, forced_colors="active", color_scheme=theme)
        tab.goto(f"{ADDRESS}/{state}")
        tab.wait_for_selector(".chart__plot canvas")
        assert tab.evaluate(PAINTED) > 400, theme
        tab.context.close()


@pytest.mark.parametrize("templates", EVERY, ids=["some", "all"])
def test_the_focus_is_seen_in_the_own_colours_of_a_system(browser, samples, pages, templates):
    """An outline stays where backgrounds and shadows go."""
    tab = Web(pages).page(browser, 1280, forced_colors="active")
    wrong = {}
    for state in chosen(samples, pages, templates):
        tab.goto(f"{ADDRESS}/{state}")
        for _ in range(6):
            tab.keyboard.press("Tab")
            seen = tab.evaluate(
                "() => document.activeElement === document.body"  # a page of few links was walked to its end
                " || [document.activeElement, document.activeElement.closest('.choice')].filter(Boolean)"
                ".some(one => getComputedStyle(one).outlineStyle !== 'none'"
                " && parseFloat(getComputedStyle(one).outlineWidth) >= 2)"
            )
            if not seen:
                wrong[state] = tab.evaluate("document.activeElement.outerHTML.slice(0, 90)")
    tab.context.close()
    assert wrong == {}


@pytest.mark.parametrize("templates", EVERY, ids=["some", "all"])
def test_no_table_is_cut_on_paper(browser, samples, pages, templates):
    """A4 with its margins is 680 px wide: what a screen scrolls must fit there."""
    tab = Web(pages).page(browser, 680)
    tab.emulate_media(media="print")
    cut = {}
    for state in chosen(samples, pages, templates):
        tab.goto(f"{ADDRESS}/{state}")
        found = tab.evaluate(UNCUT)
        if found and samples.VIEWS[state][0] != "programme":  # it has a paper of its own: the report
            cut[state] = found
    tab.context.close()
    assert cut == {}


def to(tab, selector, most=80):
    """Presses the tab key until this is reached, as somebody without a mouse does."""
    for _ in range(most):
        if tab.evaluate(f"document.activeElement.matches({selector!r})"):
            return
        tab.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached")


def sent_from(tab, press):
    """The form that pressing this key sends: where, and what."""
    with tab.expect_request(lambda one: one.method == "POST") as sending:
        tab.keyboard.press(press)
    return sending.value.url.removeprefix(ADDRESS), parse_qs(sending.value.post_data or "")


def test_a_blood_pressure_is_entered_with_keys_alone(browser, pages, rendered):
    """Two numbers, morning, and Enter."""
    tab = Web(states_of(rendered, "ja")).page(browser, 390)
    tab.goto(f"{ADDRESS}/record-blood-pressure")
    for name, value in (("systolic", "128"), ("diastolic", "76")):
        to(tab, f"[name={name}]", 200)
        tab.keyboard.type(value)
    to(tab, "[name=slot]")
    tab.keyboard.press("ArrowDown")  # the first choice is "neither"
    to(tab, "form.form button[type=submit]")
    where, what = sent_from(tab, "Enter")
    tab.context.close()
    assert where == "/record/blood-pressure"
    assert (what["systolic"], what["diastolic"]) == (["128"], ["76"])
    assert "slot" in what


def test_a_purpose_is_turned_off_with_keys_alone(browser, pages, rendered):
    """Off is one press, without a dialogue that only a mouse can answer."""
    tab = Web(states_of(rendered, "en")).page(browser, 390)
    tab.goto(f"{ADDRESS}/sharing")
    to(tab, "form:has([name=on][value='0']) button", 120)
    where, what = sent_from(tab, "Enter")
    tab.context.close()
    assert where.startswith("/sharing/")
    assert what["on"] == ["0"]


def test_a_nurse_notes_a_contact_with_keys_alone(browser, pages, rendered):
    """One press on the button that says how it went."""
    tab = Web(states_of(rendered, "ja")).page(browser, 1280)
    tab.goto(f"{ADDRESS}/case")
    to(tab, "[name=quick]", 120)
    where, what = sent_from(tab, "Enter")
    tab.context.close()
    assert where.endswith("/contacts")
    assert what["quick"]


def test_paper_has_no_buttons(browser, pages):
    """Nobody can press them there, and their ground is not printed."""
    tab = Web(pages).page(browser, 680)
    tab.emulate_media(media="print")
    for state in ("today", "case", "sharing", "who-looked"):
        tab.goto(f"{ADDRESS}/{next(one for one in pages if one.startswith(state))}")
        assert tab.locator("main .btn:visible").count() == 0, state
    tab.context.close()
