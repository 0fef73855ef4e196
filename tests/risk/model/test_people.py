"""Reading check-ups: text and numbers, one error that names the cell and never the value."""

import numpy as np
import pytest

from risk.errors import BadInput, BadLimits
from risk.model import inputs
from risk.model.people import read


def test_text_and_numbers_are_read_alike():
    """Empty cells and the words for "not measured" are missing."""
    found = read({"age": ["50", " 61 ", "NA"], "sex": ["M", "女", ""], "bmi": [22.5, np.nan, 30]}, 3)
    assert found["age"].tolist()[:2] == [50.0, 61.0]
    assert np.isnan(found["age"][2])
    assert found["sex"].tolist()[:2] == [1.0, 0.0]
    assert np.isnan(found["sex"][2])
    assert np.isnan(found["waist_cm"]).all()


def test_a_sex_that_is_unknown_or_another_is_missing():
    """The cohort knows two; the same words as in the check-up files."""
    assert np.isnan(read({"sex": ["0", "unknown", "その他"]}, 3)["sex"]).all()


def test_the_smoking_codes_become_steps_that_rise():
    """1 current, 2 past, 3 never."""
    assert read({"smoking": ["1", "2", "3"]}, 3)["smoking"].tolist() == [2.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("column", "cell", "sentence"),
    [
        ("bmi", "abc", "row 1, bmi: is not a number"),
        ("bmi", "1_0", "row 1, bmi: is not a number"),
        ("bmi", "٣", "row 1, bmi: is not a number"),
        ("bmi", "inf", "row 1, bmi: is not a number"),
        ("sex", "Q", "row 1, sex: is neither M nor F"),
        ("smoking", "9", "row 1, smoking: is none of the codes 1, 2, 3"),
        ("exercise", "2", "row 1, exercise: is none of the codes 0, 1"),
        ("med_glucose", "7", "row 1, med_glucose: is none of the codes 1, 2"),
    ],
)
def test_a_bad_cell_is_one_error(column, cell, sentence):
    """It names row and column."""
    with pytest.raises(BadInput) as refused:
        read({column: ["", cell]}, 2)
    assert str(refused.value) == sentence


def test_a_column_of_another_length_is_refused():
    """Values would belong to other people."""
    with pytest.raises(BadInput, match="as many values"):
        read({"age": [1, 2]}, 3)


INPUT = '[input.a]\nja="a"\nen="a"\nunit=""\nunit_en=""\ndecimals=0\ndirection="{}"\n[unused]\n[stand_in]\n'


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (INPUT.format("sideways"), "input.a.direction"),
        (INPUT.format("up") + '[[variant]]\nname="v"\ninputs=["b"]\n', "variant.v"),
        (INPUT.format("up") + '[[variant]]\nname="v"\ninputs=["a"]\nall=["a"]\n', "variant"),
    ],
)
def test_a_file_of_inputs_that_contradicts_itself_is_refused(text, key):
    """Half a description is worse than none."""
    with pytest.raises(BadLimits) as refused:
        inputs.parse(text)
    assert refused.value.key == key
