"""Training: the same bytes every time, what is there is found, what medicine forbids is not learned."""

import gzip

import numpy as np
import pytest

from risk.errors import BadInput
from risk.model import nagala
from risk.model.artifact import content, digest, parse
from risk.model.evaluate import unseen
from risk.model.hazard import Basis, Outcome, cumulative, fit
from risk.model.inputs import standard
from risk.model.metrics import concordance
from risk.model.people import read
from risk.model.score import score
from risk.model.train import Settings, complete, train
from tests.risk.model.build import a_cohort, columns

FEW = Settings(seed=3, replicates=2)


@pytest.fixture(scope="module")
def cohort():
    return a_cohort(700)


@pytest.fixture(scope="module")
def model(cohort):
    return train(cohort, FEW)


@pytest.mark.slow
def test_the_same_people_and_seed_give_the_same_bytes(cohort, model):
    """So that anybody with the data can check the artifact."""
    again = content(train(cohort, FEW))
    assert again == content(model)
    assert content(train(cohort, Settings(seed=4, replicates=2))) != again


def test_what_was_trained_can_be_read_back_and_scores(model):
    """Through the bytes, with an interval."""
    written = content(model)
    loaded = parse(written, digest(written), "x.json")
    found = score(read(columns(200, seed=8), 200), loaded)
    known = ~np.isnan(found.risk)
    assert known.sum() > 190
    assert (found.lower[known] < found.risk[known]).all()
    assert (found.risk[known] < found.upper[known]).all()


def test_the_training_finds_what_drives_the_hazard(model):
    """HbA1c and BMI were put in; they span more than anything that was not."""
    shapes = model.variants["glucose-and-hba1c"].shapes
    span = {name: float(np.ptp(shape.levels)) for name, shape in shapes.items()}
    assert max(span, key=span.get) == "hba1c_ngsp"
    assert span["hba1c_ngsp"] > 5 * span["fpg"]
    unrelated = [span[name] for name in ("sbp", "tg_fasting", "alt", "ggt", "exercise")]
    assert span["bmi"] + span["waist_cm"] > max(unrelated)


def test_a_direction_that_medicine_demands_is_never_left(cohort):
    """Also when the data says the opposite: a hazard that falls with BMI."""
    falling = nagala.Cohort(cohort.people, 6 - cohort.people["bmi"] / 10, cohort.event, cohort.part, "")
    rising = nagala.Cohort(cohort.people, cohort.people["bmi"] / 4, cohort.event, cohort.part, "")
    for backwards in (falling, rising):
        basis = Basis.of(cohort.people.values, ("age", "bmi"))
        design = basis.columns(cohort.people.values)
        outcome = Outcome.of(backwards.years, backwards.event)
        found = fit(design, outcome, np.ones(len(design)), penalty=basis.penalty(0.1), bounds=basis.bounds())
        assert (found.steps >= 0).all()


def test_scores_of_unseen_people_rank_them(cohort, model):
    """Better than chance by far on people drawn anew."""
    anew = a_cohort(1500, seed=77)
    risk = unseen(anew, [model] * 5, ())
    known = ~np.isnan(risk)
    assert concordance(anew.years[known], anew.event[known], risk[known]) > 0.7


def test_the_ranges_are_those_of_the_people(cohort, model):
    """To the next whole number, or the next tenth."""
    assert model.ranges["hba1c_ngsp"] == (
        cohort.people["hba1c_ngsp"].min(),
        cohort.people["hba1c_ngsp"].max(),
    )
    low, high = model.ranges["age"]
    assert (low, high) == (cohort.people["age"].min(), cohort.people["age"].max())


def test_the_rates_of_a_constant_hazard_are_found():
    """2 % a year, whatever the censoring."""
    draw = np.random.default_rng(5)
    until, watched = draw.exponential(50, 20_000), draw.uniform(1, 12, 20_000)
    outcome = Outcome.of(np.minimum(until, watched), (until <= watched).astype(float))
    rates = outcome.baseline(np.zeros(20_000), np.ones(20_000))
    assert cumulative(rates) == pytest.approx(0.1, rel=0.07)


def test_follow_up_beyond_the_horizon_is_cut():
    """An event after it has not happened yet."""
    outcome = Outcome.of(np.array([3.0, 8.0]), np.array([1.0, 1.0]), until=5.0)
    assert outcome.event.tolist() == [1.0, 0.0]
    assert outcome.exposure.sum(axis=1).tolist() == [3.0, 5.0]


def test_the_gradient_leads_to_the_maximum():
    """A free effect is found to its true size."""
    draw = np.random.default_rng(6)
    x = draw.normal(size=(8000, 1))
    until, watched = draw.exponential(20 * np.exp(-0.7 * x[:, 0])), draw.uniform(1, 12, 8000)
    outcome = Outcome.of(np.minimum(until, watched), (until <= watched).astype(float))
    found = fit(x, outcome, np.ones(8000), penalty=np.zeros((1, 1)), bounds=[(None, None)])
    assert found.steps[0] == pytest.approx(0.7, abs=0.05)


def test_a_stronger_penalty_gives_flatter_curves(cohort):
    """And its matrix never rewards a slope."""
    basis = Basis.of(cohort.people.values, ("age", "bmi"))
    design = basis.columns(cohort.people.values)
    assert (np.linalg.eigvalsh(basis.penalty(1.0)) > 0).all()
    outcome = Outcome.of(cohort.years, cohort.event)
    spans = [
        np.abs(
            fit(design, outcome, np.ones(len(design)), penalty=basis.penalty(p), bounds=basis.bounds()).steps
        ).sum()
        for p in (1.0, 100.0)
    ]
    assert spans[1] < spans[0]


NAGALA = {
    "Patient Number": [1, 2, 3],
    "Sex, 1:Men, 2:Women": [1, 0, 1],
    "Baseline Age, yrs": [40, 50, 60],
    "Baseline BMI, kg/m2": [22.1, 25, 30],
    "Baseline Waist circumference(WC), cm": [80, 75, 99],
    "Baseline Systolic blood pressure, mmHg": [120, 110, 140],
    "Baseline Fasting plasma glucose, mg/dl": [90, 95, 100],
    "Baseline HbA1c, %": [5.1, 5.2, 5.9],
    "Baseline Triglycerides, mg/dL": [80, 90, 200],
    "Baseline HDL-cholesterol, mg/dL": [60, "", 40],
    "Baseline ALT, IU/L": [10, 12, 40],
    "Baseline GGT, IU/L": [10, 12, 40],
    "Baseline Habit of exercise 0/1": [1, 0, 0],
    "Baseline Smoking status, 1:never, 2:past, 3:current": [1, 2, 3],
    "Follow up duration, days": [365.25, 730.5, 1461],
    "Incident DM 0/1": [0, 0, 1],
}


def table(without=()):
    names = [name for name in NAGALA if name not in without]
    rows = [",".join(f'"{name}"' for name in names)]
    rows += [",".join(str(NAGALA[name][row]) for name in names) for row in range(3)]
    return "\n".join(rows).encode()


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_cohort_is_read_with_its_own_codes(tmp_path, pack):
    """Women are 0 and smoking rises there; people with a gap are left out of the training."""
    file = tmp_path / "nagala.csv"
    file.write_bytes(pack(table()))
    found = nagala.read(file)
    assert found.people["sex"].tolist() == [1.0, 0.0, 1.0]
    assert found.people["smoking"].tolist() == [0.0, 1.0, 2.0]
    assert found.years.tolist() == [1.0, 2.0, 4.0]
    assert found.event.tolist() == [0.0, 0.0, 1.0]
    assert len(complete(found).years) == 2
    assert found.part.tolist() == [nagala.part_of(person) for person in (1, 2, 3)]


def test_another_file_is_refused(tmp_path):
    """With the column that is not there, or the file that is not read."""
    file = tmp_path / "nagala.csv"
    file.write_bytes(table(without=("Incident DM 0/1",)))
    with pytest.raises(BadInput, match="Incident DM 0/1: has no such column"):
        nagala.read(file)
    with pytest.raises(BadInput, match=r"none\.csv: cannot be read as CSV"):
        nagala.read(tmp_path / "none.csv")


def test_the_parts_are_about_equal_and_never_change():
    """By a hash of the number: who is held out is fixed for ever."""
    parts = [nagala.part_of(person) for person in range(5000)]
    assert min(parts.count(part) for part in range(5)) > 900
    assert parts[:8] == PARTS


PARTS = [3, 3, 3, 2, 2, 3, 3, 2]


def test_every_variant_is_trained(model):
    """In the order of the file of inputs."""
    assert list(model.variants) == [variant.name for variant in standard().variants]
