"""Answers as FHIR documents: what was answered comes back, twice sent is once, and results name areas, not people."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.documents import describe
from phr.domain.questionnaires import (
    Answers,
    areas,
    channel_of,
    criteria_of_frailty,
    refuse_day,
    response,
)
from phr.errors import Invalid
from risk.questionnaires.definition import BMI, NAMES, form
from risk.questionnaires.fhir import read, result
from risk.questionnaires.scoring import score

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
CITY = "Organization/city-health"
KIHON, ELDERLY = form("kihon"), form("elderly")


def made(known, answers, *, authored=NOW, channel="web"):
    return response(known, answers, "p-1", authored, channel, CITY)


def healthy(known):
    """Every question answered with what does not count."""
    chosen = {
        item.number: next(each.code for each in item.options if each.code not in item.risk)
        for item in known.items
        if item.kind != BMI
    }
    body = {"height_cm": 160.0, "weight_kg": 55.0} if known is KIHON else {}
    return Answers(chosen, body)


@st.composite
def given_answers(draw):
    known = form(draw(st.sampled_from(NAMES)))
    items = [item for item in known.items if item.kind != BMI]
    chosen = {
        item.number: draw(st.sampled_from([each.code for each in item.options]))
        for item in items
        if draw(st.booleans())
    }
    body = {}
    if known is KIHON and draw(st.booleans()):
        body = {
            "height_cm": draw(st.floats(110, 220).map(lambda cm: round(cm, 1))),
            "weight_kg": draw(st.floats(25, 200).map(lambda kg: round(kg, 1))),
        }
    return known, Answers(chosen, body)


@given(given_answers())
def test_what_was_answered_comes_back_from_a_valid_document(asked):
    """The document is FHIR R4, in the category of questionnaires, and holds the answers and nothing else."""
    known, answers = asked
    if not answers.chosen and not answers.body:
        with pytest.raises(Invalid):
            made(known, answers)
        return
    document = made(known, answers)
    described = describe(document, ZoneInfo("Asia/Tokyo"), lambda: "x")
    assert (described.category, described.day, described.subject) == (
        "questionnaire",
        date(2026, 11, 21),
        "p-1",
    )
    found = read(known, document)
    assert {number: found[number] for number in answers.chosen} == dict(answers.chosen)
    assert len(found) == len(answers.chosen) + (1 if answers.body else 0)


@pytest.mark.parametrize("known", [KIHON, ELDERLY])
def test_answers_of_somebody_well_give_no_point(known):
    """The trap of the codes: 16 and 19 count for no, the others around them for yes."""
    found = result(known, made(known, healthy(known)))
    assert found.total == 0
    assert not any(area.talk for area in areas(found))


def test_the_same_answers_of_a_day_are_one_document():
    """A button pressed twice records once; another answer or day is another document."""
    first = made(KIHON, healthy(KIHON))
    later = made(KIHON, healthy(KIHON), authored=NOW.replace(hour=11), channel="paper")
    other = made(KIHON, Answers({**healthy(KIHON).chosen, 1: "no"}))
    assert first["id"] == later["id"]
    assert (
        len({first["id"], other["id"], made(KIHON, healthy(KIHON), authored=date(2026, 11, 20))["id"]}) == 3
    )


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        (Answers({99: "yes"}), "item.linkId"),
        (Answers({1: "perhaps"}), "item 1"),
        (Answers({}, {"height_cm": 20.0, "weight_kg": 50.0}), "height_cm"),
        (Answers({12: "yes"}), "item"),
        (Answers({}, {"shoe_size": 25.0}), "item.linkId"),
        (Answers(), "item"),
    ],
)
def test_an_answer_that_is_none_is_refused_by_its_item(answers, field):
    """One typed error that names the item, never the value."""
    with pytest.raises(Invalid) as error:
        made(KIHON, answers)
    assert error.value.field.startswith(field)
    assert "perhaps" not in str(error.value)


@pytest.mark.parametrize("channel", ["web", "paper"])
def test_the_way_the_answers_came_is_kept(channel):
    """Paper and screen are told apart, and are otherwise the same."""
    document = made(KIHON, healthy(KIHON), channel=channel)
    assert channel_of(document) == channel
    assert channel_of({"extension": [{"url": "urn:other"}]}) == ""


def test_an_area_is_open_while_a_missing_answer_could_change_it():
    """Nothing is said of what is not known."""
    found = {
        area.key: area.talk for area in areas(score(KIHON, {6: "no", 7: "no", 8: "no", 16: "yes", 1: "yes"}))
    }
    assert found["motor"] is True
    assert found["homebound"] is False
    assert found["mood"] is None


def test_areas_without_official_criteria_are_those_of_single_answers():
    """One answer that counts is enough for a talk; an open one leaves it open; both give the talk."""
    found = {
        area.key: area.talk
        for area in areas(score(ELDERLY, {7: "yes", 4: "no", 13: "yes", 14: "yes", 15: "no"}))
    }
    assert found["motor"] is True
    assert found["oral"] is None
    assert found["society"] is False
    assert found["support"] is True


def test_frailty_is_counted_as_far_as_it_was_asked():
    """Two of the five criteria come from the checklist: at least n of two, never robust."""
    found = criteria_of_frailty("kihon", {11: "yes", 25: "no"}, "F")
    assert (found.met, len(found.known), found.level) == (("weight",), 2, "")
    assert "少なくとも1項目" in found.reason.ja
    assert len(criteria_of_frailty("elderly", {6: "no"}, "M").known) == 1
    assert criteria_of_frailty("kihon", {}, "M").known == ()
    assert criteria_of_frailty("kihon", {11: "yes"}, "") is None


@pytest.mark.parametrize("day", [date(2026, 11, 22), date(2006, 3, 31)])
def test_a_paper_form_of_a_day_that_cannot_be_is_refused(day):
    """Tomorrow, or before there was such a form."""
    with pytest.raises(Invalid) as error:
        refuse_day(day, date(2026, 11, 21))
    assert error.value.field == "day"
    refuse_day(date(2026, 11, 21), date(2026, 11, 21))
