"""Check-ins: every question answered, what asks for a call, and words that must not wait found however they are written."""

from __future__ import annotations

import copy
import tomllib
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.documents import validate
from phr.domain.family.checkin import FORM, checked, folded, form_of, response, told, urgency
from phr.errors import Invalid

WELL = {"baby-sleep": "well", "feeding": "fine", "mood": "calm"}
RAW = tomllib.loads(resources.files("phr.domain.family").joinpath("checkin.toml").read_text(encoding="utf-8"))


def filled(note="", *, call=False, **more):
    return checked({**WELL, **more}, note, call=call)


@pytest.mark.parametrize(
    "note",
    [
        "もう死にたい",
        "シニタイ",
        "し に た い",
        "ｷｴﾀｲです",
        "KILL myself",
        "I want to  die",
        "赤ちゃんを揺さぶってしまいそう",
    ],
)
def test_words_of_harm_are_found_however_they_are_written(note):
    """Width, kana, case and spaces do not hide them."""
    assert urgency(filled(note)) == ("now", ("note",))
    assert urgency(filled(note, call=True, mood="low"))[0] == "now"


@given(st.text(max_size=30), st.sampled_from(FORM.danger), st.text(max_size=30))
def test_a_word_of_harm_in_any_text_is_found(before, word, after):
    assert any(each in folded(f"{before} {word} {after}") for each in FORM.danger)


def test_what_asks_for_a_call_and_what_does_not():
    """A hard answer, the wish itself, or nothing."""
    assert urgency(filled()) == ("none", ())
    assert urgency(filled(**{"baby-sleep": "little"})) == ("none", ())
    assert urgency(filled(feeding="hard", mood="low", call=True)) == ("call", ("feeding", "mood", "call"))


def test_the_case_says_why_in_both_languages_and_never_the_note():
    """The note stays in the answer, behind its own door."""
    some = filled("ひみつ", feeding="hard", call=True)
    lines = told(some, urgency(some)[1])
    assert [line["ja"] for line in lines] == [
        "電話がほしいとのことです。",
        "授乳やミルク、食事はどうですか：うまくいかず困っている",
    ]
    assert all(line["en"] and "ひみつ" not in str(line) for line in lines)
    danger = filled("死にたい")
    assert "電話してください" in told(danger, urgency(danger)[1])[0]["ja"]


@pytest.mark.parametrize(
    ("chosen", "note", "field"),
    [
        ({**WELL, "mood": ""}, "", "mood"),
        ({**WELL, "mood": "angry"}, "", "mood"),
        ({}, "", "baby-sleep"),
        (WELL, "x" * 601, "note"),
        (WELL, "a\0b", "note"),
    ],
)
def test_an_answer_that_is_not_whole_is_named(chosen, note, field):
    with pytest.raises(Invalid) as caught:
        checked(chosen, note, call=False)
    assert caught.value.field == field


def test_the_answer_is_valid_fhir_about_who_answered():
    """With and without a note."""
    for note in ("", "こまっています\nよろしく"):
        found = response(filled(note), "mother", "2026-11-21T01:00:00Z")
        validate(found)
        assert found["subject"] == {"reference": "Patient/mother"}
        assert ("note" in [item["linkId"] for item in found["item"]]) == bool(note)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: raw["danger"].update(words=["", "x"]),
        lambda raw: raw.update(telephone=[]),
        lambda raw: raw["question"][0].update(answers=[]),
    ],
)
def test_a_form_without_help_or_answers_is_refused(spoil):
    raw = copy.deepcopy(RAW)
    assert form_of(raw) == FORM
    spoil(raw)
    with pytest.raises(ValueError):
        form_of(raw)
