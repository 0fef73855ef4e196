"""Every page in every sample state and both languages: complete, translated, strict, and understandable by machines."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from jinja2 import StrictUndefined, UndefinedError

from phr.web.render import FOLDER, LOCALES, Frame, Renderer
from phr.web.views.signin import ErrorPage

JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]+")
VOID = {"input", "link", "meta", "br", "img", "hr"}


class Reader(HTMLParser):
    """Collects what the rules ask about."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.controls: list[dict[str, str | None]] = []
        self.forms: list[dict[str, object]] = []
        self.inline: list[str] = []
        self.addresses: list[str] = []
        self.open: list[str] = []
        self.unclosed: list[str] = []
        self.captions = 0
        self.tables = 0
        self.inside_label = 0

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if "id" in given:
            self.ids.append(given["id"])
        if any(name.startswith("on") or name == "style" for name in given):
            self.inline.append(tag)
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        self.addresses += [given[name] for name in ("href", "src", "action") if name in given]
        self.tables += tag == "table"
        self.captions += tag == "caption"
        self.inside_label += tag == "label"
        if tag == "label" and "for" in given:
            self.labelled.add(given["for"])
        if tag == "form":
            self.forms.append({"method": given.get("method"), "csrf": None})
        if tag == "input" and given.get("name") == "csrf" and self.forms:
            self.forms[-1]["csrf"] = given.get("value")
        if tag in {"input", "select", "textarea"} and given.get("type") != "hidden":
            self.controls.append({**given, "in_label": str(self.inside_label > 0)})

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        self.inside_label -= tag == "label"
        if not self.open or self.open.pop() != tag:
            self.unclosed.append(tag)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


@pytest.fixture(scope="module")
def readers(rendered):
    return {key: read(page) for key, page in rendered.items()}


def test_every_template_has_a_sample(samples):
    """A page without a sample would be checked by nothing below."""
    pages = {path.stem for path in (FOLDER / "templates").glob("[!_]*.html")}
    assert {template for template, _, _ in samples.VIEWS.values()} == pages


def test_every_page_says_its_language(rendered):
    """Screen readers choose the voice by it."""
    for (state, locale), page in rendered.items():
        assert f'<html lang="{locale}">' in page, state


def test_an_english_page_has_no_japanese_but_names_from_the_records(rendered, samples, renderer):
    """Every text of ours is translated; names and notes in the data stay as they were written."""
    data = repr([view for _, _, view in samples.VIEWS.values()]) + renderer.city + "".join(LOCALES.values())
    data += "佐藤 和子 高橋 美咲 健康推進課 青木 薫 ときわの市立大学 森田 誠 情報政策課"
    left = {
        (state, found)
        for (state, locale), page in rendered.items()
        if locale == "en"
        for found in JAPANESE.findall(page)
        if found not in data
    }
    assert not left


def test_nothing_is_inline(readers):
    """The policy allows no inline script or style, so a page with one would be broken."""
    assert {key: r.inline for key, r in readers.items() if r.inline} == {}


def test_every_address_is_our_own(readers):
    """Nothing is loaded from, sent to, or linked at another host."""
    foreign = {a for r in readers.values() for a in r.addresses if not re.match(r"/(?!/)|#|tel:", a)}
    assert foreign == set()


def test_every_form_that_posts_carries_the_token(readers):
    """A form without it is refused, and one that another site made has none."""
    posts = [form for r in readers.values() for form in r.forms if form["method"] == "post"]
    assert len(posts) > 100
    for (state, locale), reader in readers.items():
        for form in reader.forms:
            if form["method"] == "post":
                assert form["csrf"], (state, locale)


def test_a_form_that_gets_carries_no_token(readers):
    """The token would stand in the address and in logs."""
    assert not [f for r in readers.values() for f in r.forms if f["method"] != "post" and f["csrf"]]


def test_headings_are_in_order(readers):
    """One h1 first, and no level is jumped on the way down."""
    for key, reader in readers.items():
        assert reader.headings[0] == 1, key
        assert reader.headings.count(1) == 1, key
        assert all(b <= a + 1 for a, b in zip(reader.headings, reader.headings[1:], strict=False)), key


def test_ids_are_unique_and_tags_closed(readers):
    """Labels and jumps lead to one place."""
    for key, reader in readers.items():
        assert len(reader.ids) == len(set(reader.ids)), key
        assert not reader.unclosed, key
        assert not reader.open, key


def test_every_control_has_a_label(readers):
    """A placeholder is no label."""
    for key, reader in readers.items():
        for control in reader.controls:
            assert control["in_label"] == "True" or control.get("id") in reader.labelled, (key, control)
            assert "placeholder" not in control


def test_every_table_has_a_caption(readers):
    """So that it is understood alone."""
    for key, reader in readers.items():
        assert reader.tables == reader.captions, key


def test_a_hostile_name_stays_text(samples, renderer, people):
    """Names come from outside."""
    from dataclasses import replace

    evil = replace(samples.CASE, name='<script>alert("x")</script>', district='"><img src=x>')
    page = renderer.page("case", evil, locale="ja", frame=Frame(people["nurse"], "t", '/"><script>'))
    assert "<script>alert" not in page
    assert "<img" not in page
    assert '"><script>' not in page


def test_a_view_without_a_field_is_an_error(renderer):
    """A page never shows an empty place where a value was meant to be."""
    assert renderer.environment("ja").undefined is StrictUndefined
    with pytest.raises(UndefinedError):
        renderer.page("today", ErrorPage(404), locale="ja", frame=Frame())


def test_what_is_not_shared_is_said(rendered):
    """An empty place would look like health."""
    assert "本人が共有していません" in rendered["case", "ja"]
    assert "Not shared by the resident" in rendered["case", "en"]


def test_the_doctor_comes_before_the_level(rendered):
    """Who should see a doctor reads that first."""
    page = rendered["check-up", "ja"]
    assert page.index("医師に見てもらいたい値") < page.index("保健指導の区分")


def test_a_receipt_says_what_stopped_when_and_who_already_received(rendered):
    """Withdrawal is exact to the second and names what cannot be called back."""
    page = rendered["sharing", "ja"]
    for text in (
        "10:42:07",
        "第4版",
        "7F3A-91C2-0D4E",
        "作成中のデータ提供",
        "取り戻せないもの",
        "健康科学研究室",
    ):
        assert text in page


def test_a_count_below_k_is_not_shown(rendered):
    """The page says that it is below k, and no number."""
    assert "10人未満" in rendered["catalogue", "ja"]
    assert "fewer than 10" in rendered["catalogue", "en"]


def test_pages_are_light(rendered):
    """A phone on a weak line: below 100 KB for the page itself."""
    assert max(len(page.encode()) for page in rendered.values()) < 100_000


def test_a_renderer_of_another_zone_shows_its_own_clock(samples, people):
    """The city's zone is an argument, not the machine's."""
    from zoneinfo import ZoneInfo

    page = Renderer("X", ZoneInfo("UTC")).page(
        "sharing", samples.SHARING, locale="ja", frame=Frame(people["resident"])
    )
    assert "1:42:07" in page
    assert "10:42:07" not in page
