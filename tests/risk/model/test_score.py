"""Scoring: any inputs may be missing, the demanded directions hold, columns and rows agree, strangers get no number."""

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.errors import BadInput
from risk.model.artifact import shipped
from risk.model.command import score_frame
from risk.model.inputs import standard
from risk.model.people import read
from risk.model.score import choose, score
from tests.risk.model.build import PERSON, a_person, columns

OPTIONAL = [name for name, known in standard().input.items() if not known.needed]
MOVING = [name for name, known in standard().input.items() if known.direction != "free"]
CODES = {"smoking": [0.0, 1.0, 2.0], "exercise": [0.0, 1.0]}


def values(name):
    """Any value inside the range of the model, as the model reads it."""
    if name in CODES:
        return st.sampled_from(CODES[name])
    return st.floats(*shipped().ranges[name])


@st.composite
def persons(draw):
    """Someone with any subset of the inputs."""
    person = a_person(sex=draw(st.sampled_from(["M", "F"])))
    given_values = {n: np.array([draw(values(n))]) for n in ["age", *OPTIONAL]}
    hidden = draw(st.sets(st.sampled_from(OPTIONAL)))
    return person.replaced(given_values).without(hidden)


@settings(max_examples=150, deadline=None)
@given(persons())
def test_any_subset_of_the_inputs_gives_a_risk_inside_its_interval(person):
    """Only age and sex are needed."""
    found = score(person)
    assert 0 < found.lower[0] <= found.risk[0] <= found.upper[0] < 1
    gone = {name for name in OPTIONAL if np.isnan(person[name][0])}
    assert {name for name, mask in found.missing.items() if mask[0]} <= gone


@settings(max_examples=200, deadline=None)
@given(persons(), st.sampled_from(MOVING), st.data())
def test_risk_never_moves_against_the_direction_that_medicine_demands(person, name, data):
    """All else equal, and with the same inputs given."""
    if np.isnan(person[name][0]):
        return
    low, high = sorted([float(person[name][0]), data.draw(values(name))])
    risks = [score(person.replaced({name: np.array([value])})).risk[0] for value in (low, high)]
    if standard().input[name].direction == "down":
        risks.reverse()
    assert risks[0] <= risks[1] + 1e-12


@pytest.mark.parametrize(
    ("gone", "variant"),
    [
        ((), "glucose-and-hba1c"),
        (("fpg",), "hba1c"),
        (("hba1c_ngsp",), "glucose"),
        (("fpg", "hba1c_ngsp"), "panel"),
        (("fpg", "hba1c_ngsp", "tg_fasting", "hdl", "alt"), "panel"),
        (("fpg", "hba1c_ngsp", "tg_fasting", "hdl", "alt", "ggt"), "plain"),
    ],
)
def test_the_tables_are_chosen_by_the_blood_values_that_are_there(gone, variant):
    """The first whose values are all there."""
    place = int(choose(a_person().without(gone))[0])
    assert standard().variants[place].name == variant


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"age": 80}, "age:out-of-range"),
        ({"age": 17}, "age:out-of-range"),
        ({"age": None}, "age:missing"),
        ({"sex": None}, "sex:missing"),
        ({"fpg": 110}, "fpg:out-of-range"),
        ({"fpg": 126}, "fpg:referral-limit"),
        ({"hba1c_ngsp": 6.5}, "hba1c_ngsp:referral-limit"),
        ({"bmi": 60}, "bmi:out-of-range"),
        ({"med_glucose": 1}, "med_glucose:treated"),
    ],
)
def test_people_the_model_has_not_seen_get_no_number_and_a_reason(changes, why):
    """One reason each: a value at the referral limit is not called out of range as well."""
    found = score(a_person(**changes))
    assert np.isnan([found.risk[0], found.lower[0], found.upper[0]]).all()
    assert [name for name, mask in found.refused.items() if mask[0]] == [why]


def test_the_ends_of_the_range_are_inside():
    """79 years, 109 mg/dL and 6.4 % were seen."""
    assert not np.isnan(score(a_person(age=79, fpg=109, hba1c_ngsp=6.4)).risk[0])


def test_what_the_inputs_add_is_the_whole_risk():
    """Base and contributions give the risk back exactly."""
    found = score(a_person())
    variant = shipped().variants["glucose-and-hba1c"]
    total = variant.base + sum(part[0] for part in found.added.values())
    assert found.risk[0] == pytest.approx(1 - np.exp(-np.exp(total)), rel=1e-12)


def test_a_missing_waist_is_read_from_bmi():
    """A heavier person without a waist has more risk than the curve of BMI alone gives."""
    light, heavy = (score(a_person(bmi=bmi, waist_cm=None)) for bmi in (21.0, 29.0))
    assert heavy.added["waist_cm"][0] > light.added["waist_cm"][0]
    assert heavy.missing["waist_cm"][0]


def test_columns_and_single_rows_give_the_same():
    """Every row of a table with holes, alone and together."""
    given_columns = columns(60)
    holes = np.random.default_rng(3).random((60, len(OPTIONAL))) < 0.4
    for place, name in enumerate(OPTIONAL):
        given_columns[name] = np.where(holes[:, place], np.nan, given_columns[name])
    together = score(read(given_columns, 60))
    for row in range(60):
        alone = score(read({name: column[row : row + 1] for name, column in given_columns.items()}, 1))
        assert alone.risk[0] == together.risk[row]
        ends = (alone.lower[0], alone.upper[0])
        assert ends == pytest.approx((together.lower[row], together.upper[row]), rel=1e-12)


def test_the_order_of_columns_and_unknown_columns_change_nothing():
    """A frame in any order, with a column of somebody else's."""
    frame = pd.DataFrame(columns(40), index=range(100, 140))
    shuffled = frame[reversed(frame.columns)].assign(note="x", dbp=80)
    pd.testing.assert_frame_equal(score_frame(frame), score_frame(shuffled))
    assert list(score_frame(frame).columns) == ["risk", "lower", "upper", "reasons", "missing"]
    assert score_frame(frame).index.equals(frame.index)


def test_a_column_given_twice_is_refused():
    """The judgement would depend on which is read."""
    frame = pd.DataFrame([[50, 51, "M"]], columns=["age", "age", "sex"])
    with pytest.raises(BadInput, match="names a column twice"):
        score_frame(frame)


def test_no_people_is_no_error():
    """An empty city."""
    assert len(score(read({"age": [], "sex": []}, 0)).risk) == 0
    assert score_frame(pd.DataFrame({"age": [], "sex": []})).empty


def test_scoring_in_columns_is_fast():
    """A prefecture in seconds: far above what one core needs; the bound is loose for a busy machine."""
    people = read(columns(50_000), 50_000)
    started = time.process_time()
    score(people)
    assert 50_000 / (time.process_time() - started) > 100_000


def test_everything_a_person_gave_is_in_the_range_of_the_tests():
    """The person of the builder is one the model knows."""
    assert set(PERSON) == set(standard().input)
    assert not np.isnan(score(a_person()).risk[0])
