"""The page of cards over the real service: shown once, listed with its last use, ended at once."""

from __future__ import annotations

import re

import pytest

from phr.services.cards import plain
from tests.build import agree

PAGE = "/connect/cards"


@pytest.fixture
def me(system, city):
    made = city.a_resident(system)
    agree(system, *made, purposes=("collect",))
    return made


@pytest.fixture
def mine(system, city, app, browse, me):
    return city.signed_in(system, app, browse, me[1], "resident")


def made(city, mine, label="台所の箱"):
    """A new card: the page that shows it, and its code."""
    answer = city.sent(mine, PAGE, PAGE, label=label)
    return answer, re.search(r"(?:[A-Z2-9]{5}-){3}[A-Z2-9]{5}", answer.text)


def test_a_card_is_shown_once_with_its_picture(city, mine, system, me):
    """The code opens; the page that comes after does not know it any more, and no cache keeps it."""
    assert "カードは、まだありません" in mine.get(PAGE).text
    answer, code = made(city, mine)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "<svg" in answer.text
    assert system.cards.holders([code[0]], actor="box", request="t") == {code[0]: (me[0], me[1])}
    after = mine.get(PAGE).text
    assert "台所の箱" in after
    assert code[0] not in after
    assert plain(code[0]) not in after


def test_the_picture_says_the_code_as_a_box_reads_it(monkeypatch):
    """urn:phr:card: and the signs without dashes."""
    from phr.web.wired import cards

    drawn = []
    make = cards.segno.make

    def watched(text, **how):
        drawn.append((text, how["error"]))
        return make(text, **how)

    monkeypatch.setattr(cards.segno, "make", watched)
    picture = cards._picture("ABCDE-FGHJK-MNPQR-STUVW")
    assert drawn == [("urn:phr:card:ABCDEFGHJKMNPQRSTUVW", "q")]
    assert "style=" not in picture
    assert "<script" not in picture


def test_the_last_use_is_seen_and_a_lost_card_ends_now(city, mine, system):
    """A card that somebody else uses is noticed."""
    _, code = made(city, mine)
    assert "まだありません" in mine.get(PAGE).text
    system.cards.holders([code[0]], actor="box", request="t")
    page = mine.get(PAGE).text
    assert "まだありません" not in page
    card = re.search(r'name="card" value="(\w{64})"', page)[1]
    answer = city.sent(mine, PAGE, f"{PAGE}/end", card=card)
    assert "カードを使えなくしました" in mine.get(answer.headers["location"]).text
    assert system.cards.holders([code[0]], actor="box", request="t") == {}
    again = city.sent(mine, PAGE, f"{PAGE}/end", card=card)
    assert "もう使えなくなっています" in mine.get(again.headers["location"]).text


def test_somebody_elses_card_is_not_ended(city, mine, system, app, browse):
    """It looks like one that has ended."""
    _, code = made(city, mine)
    card = re.search(r'name="card" value="(\w{64})"', mine.get(PAGE).text)[1]
    _person, patient = city.a_resident(system)
    other = city.signed_in(system, app, browse, patient, "resident")
    assert "台所の箱" not in other.get(PAGE).text
    assert city.sent(other, PAGE, f"{PAGE}/end", card=card).headers["location"].endswith("gone")
    assert system.cards.holders([code[0]], actor="box", request="t")


def test_too_many_cards_are_said_in_words(city, mine):
    """Five are enough; the form is gone then."""
    for _ in range(5):
        made(city, mine)
    answer, code = made(city, mine)
    assert "カードが多すぎます" in answer.text
    assert code is None
    assert 'name="label"' not in mine.get(PAGE).text


def test_a_card_needs_the_token_of_its_form(mine):
    """Another site makes and ends none."""
    for address in (PAGE, f"{PAGE}/end"):
        assert mine.post(address, data={"csrf": "x", "label": "x", "card": "x"}).status_code == 403
    assert "カードは、まだありません" in mine.get(PAGE).text


def test_a_label_is_shown_as_text(city, mine):
    """Never as markup, and not longer than a card is wide."""
    answer, _ = made(city, mine, "<b>x</b>")
    assert "<b>x</b>" not in answer.text
    assert "&lt;b&gt;" in answer.text
    assert city.sent(mine, PAGE, PAGE, label="x" * 61).status_code == 422
