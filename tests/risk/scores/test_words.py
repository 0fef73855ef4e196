"""The words of a score: they cite, they speak of a group, and they name no illness of the person."""

import pytest

from risk.errors import BadInput
from risk.scores.model import PUBLISHED, load
from risk.scores.words import label, tell
from tests.risk.scores.people import a_person

FORBIDDEN = ("診断", "治療", "必ず", "予防できます", "you have", "you will", "diagnos")


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize(
    "changes", [{}, {"age": 20}, {"fpg": 130}, {"hist_heart": 1}, {"ckd": 1, "pad": 1, "fh": 1}, {"fpg": 115}]
)
def test_the_lines_show_and_cite_and_never_diagnose(name, changes):
    """Words that promise or diagnose do not occur, in either language."""
    person = a_person(tc=213, bmi=26, waist_cm=90, exercise=0, med_bp=1, hist_stroke=2, **changes)
    told = tell(name, person, taken_as_no=True)
    assert told.reasons
    for reason in told.reasons:
        assert not [word for word in FORBIDDEN if word in reason.ja.lower() or word in reason.en.lower()]
    assert told.citation.doi == load(name).citation.doi


def test_the_number_is_said_of_a_group():
    """People with the same answers, how many of them, in how many years."""
    told = tell("hisayama", a_person(), taken_as_no=True)
    assert told.reasons[-1].ja.startswith("同じ回答・同じ値の人では、10年間に")
    assert "about 6.0 % had" in told.reasons[-1].en
    assert [reason.label for reason in told.reasons[:-1]] == ["male", "sbp", "ldl", "hdl", "smoker"]


def test_every_input_of_every_score_has_a_name():
    """What counts can be said in both languages."""
    for name in PUBLISHED:
        published = load(name)
        for each in [*(term.input for term in published.terms), *published.exclude]:
            assert all(label(each))
    with pytest.raises(BadInput):
        label("shoe size")
