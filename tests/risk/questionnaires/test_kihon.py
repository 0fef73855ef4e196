"""基本チェックリスト: the trap of the codes, the limits of each criterion, and what a missing answer means."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.errors import BadInput
from risk.questionnaires.definition import BMI, form
from risk.questionnaires.scoring import bmi, from_codes, score

KIHON = form("kihon")
COUNTS_FOR_NO = {1, 2, 3, 4, 5, 6, 7, 8, 16, 19}


def healthy():
    """The answer that counts nothing, for every item."""
    answers = {number: "yes" if number in COUNTS_FOR_NO else "no" for number in range(1, 26)}
    return {**answers, 12: 22.0}


def risky(*numbers):
    """Healthy, but for these items."""
    turned = {
        number: 18.4 if number == 12 else "no" if number in COUNTS_FOR_NO else "yes" for number in numbers
    }
    return {**healthy(), **turned}


def met(answers):
    return {each.criterion.key for each in score(KIHON, answers).criteria if each.met}


def test_the_form_has_25_items_in_the_official_words():
    """Wording of the ministry's form; two of the items that are read the wrong way round are checked word by word."""
    assert [item.number for item in KIHON.items] == list(range(1, 26))
    assert KIHON.items[15].ja == "週に1回以上は外出していますか"
    assert KIHON.items[18].ja == "自分で電話番号を調べて、電話をかけることをしていますか"
    assert {item.number for item in KIHON.items if item.risk == {"no"}} == COUNTS_FOR_NO
    assert [item.number for item in KIHON.items if item.kind == BMI] == [12]
    assert [item.code for item in KIHON.items][::24] == ["9N811000000000011", "9N931000000000011"]


def test_codes_are_never_summed():
    """The trap: healthy answers as coded in a check-up file add up to 2 (items 16 and 19), and the score is 0."""
    coded = {item.code: "22" if item.kind == BMI else "0" for item in KIHON.items}
    for number in (16, 19):
        coded[KIHON.items[number - 1].code] = "1"
    raw = sum(int(value) for code, value in coded.items() if code != KIHON.items[11].code)
    assert raw == 2
    answers = from_codes(KIHON, coded)
    assert answers == healthy()
    assert score(KIHON, answers).total == 0


def test_every_item_gives_one_point_and_no_more():
    """All risk answers are 25 points."""
    assert score(KIHON, risky(*range(1, 26))).total == 25
    for number in range(1, 26):
        found = score(KIHON, risky(number))
        assert (found.total, found.look) == (1, (number,))


@pytest.mark.parametrize(
    ("numbers", "keys"),
    [
        ((), set()),
        ((6, 7), set()),
        ((6, 7, 8), {"motor"}),
        ((11,), set()),
        ((12,), set()),
        ((11, 12), {"nutrition"}),
        ((13,), set()),
        ((13, 15), {"oral"}),
        ((16,), {"homebound"}),
        ((17,), set()),
        ((18,), {"memory"}),
        ((19,), {"memory"}),
        ((21,), set()),
        ((21, 25), {"mood"}),
        ((1, 2, 3, 4, 5, 6, 7, 11, 13), set()),
        ((1, 2, 3, 4, 5, 6, 7, 11, 13, 17), {"life"}),
        ((1, 2, 3, 4, 5, 6, 7, 21, 13, 17), set()),
    ],
)
def test_each_criterion_at_its_limit(numbers, keys):
    """Ten of 1 to 20, three of movement, both of nutrition, two of mouth, item 16, one of memory, two of mood."""
    answers = risky(*numbers)
    assert met(answers) == keys
    assert score(KIHON, answers).target is bool(keys)


@pytest.mark.parametrize(("value", "point"), [(18.4, 1), (18.49, 1), (18.5, 0), (30, 0)])
def test_a_bmi_below_18_5_counts(value, point):
    """18.5 itself does not."""
    assert score(KIHON, {**healthy(), 12: value}).points[12] == point


def test_a_missing_answer_leaves_open_what_it_could_change():
    """Two of movement and one unanswered: open. None and one unanswered: not met."""
    answers = risky(6, 7)
    del answers[8]
    found = {each.criterion.key: each for each in score(KIHON, answers).criteria}
    assert (found["motor"].met, found["motor"].missing) == (None, (8,))
    assert found["mood"].met is False
    assert score(KIHON, answers).target is None
    open_one = healthy()
    del open_one[8]
    assert score(KIHON, open_one).target is False
    assert score(KIHON, {}).target is None
    assert score(KIHON, {}).missing == tuple(range(1, 26))


def test_the_line_shows_the_items_and_the_limit():
    """What a nurse reads."""
    line = score(KIHON, risky(13, 15)).reasons[0]
    assert line.ja == "基本チェックリスト 口腔機能: 2項目(目安 2項目以上、No.13、15)"
    assert "no. 13, 15" in line.en


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({26: "yes"}, "item"),
        ({1: "perhaps"}, "item 1"),
        ({12: "slim"}, "item 12"),
        ({12: 2.2}, "item 12"),
        ({12: True}, "item 12"),
    ],
)
def test_an_answer_that_is_none_is_refused(answers, field):
    """One typed error names the item and never the answer."""
    with pytest.raises(BadInput) as caught:
        score(KIHON, answers)
    assert caught.value.field == field
    assert "perhaps" not in str(caught.value)


def test_a_code_that_is_none_is_refused():
    """A 2 is no answer of this form; an empty cell is missing; other items are left."""
    code = KIHON.items[15].code
    with pytest.raises(BadInput, match="item 16: is none of the codes 0, 1"):
        from_codes(KIHON, {code: "2"})
    assert from_codes(KIHON, {code: "", "9N501000000000011": "1"}) == {}


def test_bmi_comes_from_height_and_weight():
    """Both checked."""
    assert bmi(160, 47.36) == pytest.approx(18.5)
    with pytest.raises(BadInput, match="height_cm"):
        bmi(1.6, 47)


@settings(max_examples=60)
@given(st.dictionaries(st.integers(1, 25), st.booleans()), st.integers(1, 25))
def test_one_more_risk_answer_never_unmeets_a_criterion(chosen, more):
    """Monotone: more points never make somebody less of a target, and a missing answer never counts."""
    answers = {
        number: risky(number)[number] if risk else healthy()[number] for number, risk in chosen.items()
    }
    one, two = score(KIHON, answers), score(KIHON, {**answers, more: risky(more)[more]})
    assert two.total >= one.total
    for before, after in zip(one.criteria, two.criteria, strict=True):
        assert after.met or not before.met
