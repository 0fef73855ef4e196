"""後期高齢者の質問票: 15 items, answers to look at, and a screen that is not shipped until its list is confirmed."""

from importlib import resources

import pytest

from risk.errors import BadInput, BadLimits
from risk.questionnaires.definition import form, load, parse
from risk.questionnaires.scoring import from_codes, score

ELDERLY = form("elderly")
TEXT = resources.files("risk.questionnaires").joinpath("elderly.toml").read_text(encoding="utf-8")
KIHON = resources.files("risk.questionnaires").joinpath("kihon.toml").read_text(encoding="utf-8")


def test_the_form_has_15_items_with_their_codes():
    """9N932 to 9N946, in the order of the form."""
    assert [item.code[:5] for item in ELDERLY.items] == [f"9N{number}" for number in range(932, 947)]
    assert [len(item.options) for item in ELDERLY.items] == [5, 4, *[2] * 9, 3, 2, 2, 2]
    assert ELDERLY.items[0].ja == "あなたの現在の健康状態はいかがですか"
    assert [option.ja for option in ELDERLY.items[11].options] == ["吸っている", "吸っていない", "やめた"]


def test_answers_that_ask_for_a_closer_look():
    """Poor health, dissatisfied, no meals, no exercise, smoking; stopped smoking is none."""
    answers = {1: "rather-poor", 2: "dissatisfied", 3: "no", 9: "no", 12: "smokes"}
    assert score(ELDERLY, answers).look == (1, 2, 3, 9, 12)
    assert score(ELDERLY, {1: "fair", 2: "rather-satisfied", 3: "yes", 12: "stopped"}).look == ()


def test_the_screen_is_not_shipped():
    """Which twelve items count could not be confirmed: no number, and a sentence that says so."""
    found = score(ELDERLY, {3: "no", 4: "yes", 5: "yes", 6: "yes", 7: "yes"})
    assert (found.screen, found.target, found.criteria) == (None, None, ())
    assert found.notes == (
        "twelve items related to frailty: not shipped: the list of its items is not confirmed",
    )


def test_a_city_with_the_paper_fills_the_list_in(tmp_path):
    """With twelve items the limit of four works, and a missing answer leaves it open."""
    file = tmp_path / "elderly.toml"
    file.write_text(TEXT.replace("items = []", f"items = {list(range(4, 16))}"), encoding="utf-8")
    city = load(file)
    all_well = {4: "no", 5: "no", 6: "no", 7: "no", 8: "no", 9: "yes", 10: "no", 11: "no", 12: "never"}
    all_well |= {13: "yes", 14: "yes", 15: "yes"}
    assert score(city, all_well).screen.met is False
    four = {**all_well, 4: "yes", 5: "yes", 6: "yes", 7: "yes"}
    assert score(city, four).screen.met is True
    assert score(city, four).reasons[0].label == "screen"
    assert score(city, {4: "yes"}).screen.met is None


def test_answers_are_numbered_in_the_order_of_the_form():
    """1 is the first answer."""
    coded = {ELDERLY.items[0].code: 5, ELDERLY.items[2].code: "2"}
    assert from_codes(ELDERLY, coded) == {1: "poor", 3: "no"}


def test_an_unknown_questionnaire_is_refused():
    """The names there are, not the one asked for."""
    with pytest.raises(BadInput, match="is none of kihon, elderly"):
        form("other")


@pytest.mark.parametrize(
    ("text", "old", "new", "key"),
    [
        (TEXT, "version =", "version", "file"),
        (TEXT, 'key = "elderly"\n', "", "file"),
        (TEXT, "number = 2\n", "number = 3\n", "item"),
        (TEXT, 'risk = ["smokes"]', 'risk = ["vapes"]', "item 12"),
        (TEXT, "items = []", "items = [99]", "screen"),
        (TEXT, "age = [75, 130]", "age = [75, 130]\nbmi_below = 18.5", "bmi_below"),
        (KIHON, 'codes = { "0" = "yes", "1" = "no" }', 'codes = { "0" = "maybe" }', "item 1"),
        (KIHON, 'ja = "日用品の買い物をしていますか"', 'ja = ""', "item 2"),
        (KIHON, "least = 3", "least = 6", "motor"),
    ],
)
def test_a_broken_form_is_refused_with_its_key(text, old, new, key):
    """A form that contradicts itself is not used at all."""
    assert old in text
    with pytest.raises(BadLimits) as caught:
        parse(text.replace(old, new, 1), file="form.toml")
    assert caught.value.key == key


def test_a_form_that_cannot_be_read_is_one_error(tmp_path):
    """The file is named."""
    with pytest.raises(BadLimits, match=r"none\.toml: file: cannot be read"):
        load(tmp_path / "none.toml")
