"""Invented check-ups against the public tables that they are drawn from."""

from __future__ import annotations

import csv
from importlib import resources

import numpy as np
import pytest

from synthetic_data import checkups
from synthetic_data.checkup_csv import HEADER
from synthetic_data.population import AGE_BANDS, REGIONS, SEXES, load

PEOPLE = 28_000


def table(name):
    text = resources.files("synthetic_data.calibration").joinpath(name).read_text("utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


@pytest.fixture(scope="module", params=REGIONS)
def drawn(request):
    """2,000 people in each of the fourteen groups of sex and age."""
    group = np.arange(PEOPLE) % 14
    female, band = (group // 7).astype(float), group % 7
    age = 40.0 + 5 * band + np.arange(PEOPLE) // 14 % 5
    return request.param, group, checkups.draw_many(PEOPLE, 3, load(request.param), female, age)


def expected(region, file, item):
    """Rows of a calibration table by group."""
    return {
        SEXES.index(row["sex"]) * 7 + AGE_BANDS.index(row["age"]): row
        for row in table(file)
        if row["region"] == region and row["item"] == item
    }


def pressure(columns, name):
    return np.where(np.isnan(columns[f"{name}_avg"]), columns[f"{name}1"], columns[f"{name}_avg"])


@pytest.mark.parametrize(
    ("item", "tolerance"),
    [
        ("bmi", 0.01), ("waist_cm", 0.01), ("sbp_avg", 0.01), ("dbp_avg", 0.012), ("fpg", 0.015), ("hba1c_ngsp", 0.01),
        ("tg_fasting", 0.06), ("hdl", 0.02), ("ldl", 0.015), ("ast", 0.03), ("alt", 0.05), ("ggt", 0.09),
        ("egfr", 0.03), ("hb", 0.015),
    ],
)  # fmt: skip
def test_means_by_sex_and_age_are_those_of_the_open_data(drawn, item, tolerance):
    """Each of the fourteen groups has the published mean of its region."""
    region, group, columns = drawn
    values = pressure(columns, item[:3]) if item in {"sbp_avg", "dbp_avg"} else columns[item]
    for number, row in expected(region, "marginals.csv", item).items():
        assert np.nanmean(values[group == number]) == pytest.approx(float(row["mean"]), rel=tolerance), row


@pytest.mark.parametrize(
    ("item", "cut", "place"),
    [
        ("bmi", 25.0, 2), ("waist_cm", 85.0, 0), ("waist_cm", 90.0, 1), ("sbp_avg", 130.0, 1), ("sbp_avg", 140.0, 2),
        ("dbp_avg", 85.0, 1), ("fpg", 100.0, 0), ("fpg", 126.0, 2), ("hba1c_ngsp", 5.6, 0), ("hba1c_ngsp", 6.5, 2),
        ("tg_fasting", 150.0, 0), ("hdl", 40.0, 1), ("ldl", 140.0, 2), ("egfr", 60.0, 2),
    ],
)  # fmt: skip
def test_shares_at_the_limits_of_guidance_are_those_of_the_open_data(drawn, item, cut, place):
    """The share below a limit decides how many are flagged, so it counts more than the mean."""
    region, group, columns = drawn
    values = pressure(columns, item[:3]) if item in {"sbp_avg", "dbp_avg"} else columns[item]
    for number, row in expected(region, "marginals.csv", item).items():
        here = values[(group == number) & ~np.isnan(values)]
        assert (here < cut).mean() == pytest.approx(float(row["below"].split(";")[place]), abs=0.045), row


@pytest.mark.parametrize(
    "item", ["smoking", "med_bp", "med_glucose", "med_lipid", "weight_gain_20", "hist_stroke"]
)
def test_answers_have_the_published_shares(drawn, item):
    """Smoking and medication decide the guidance level together with the values."""
    region, group, columns = drawn
    for number, row in expected(region, "answers.csv", item).items():
        here = columns[item][(group == number) & ~np.isnan(columns[item])]
        assert (here == 1).mean() == pytest.approx(float(row["shares"].split(";")[0]), abs=0.04), row


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ("bmi", "waist_cm", 0.7, 0.95), ("sbp1", "dbp1", 0.6, 0.95), ("fpg", "hba1c_ngsp", 0.4, 0.85),
        ("tg_fasting", "hdl", -0.6, -0.2), ("ast", "alt", 0.5, 0.95), ("weight_kg", "height_cm", 0.3, 0.8),
        ("hb", "ht", 0.98, 1.0), ("creatinine", "egfr", -0.95, -0.4), ("bmi", "weight_gain_20", -0.7, -0.3),
        ("sbp1", "med_bp", -0.5, -0.1),
    ],
)  # fmt: skip
def test_items_go_together_as_bodies_do(drawn, one, other, low, high):
    """Risks cluster in people; independent values would make too few people with two of them."""
    _, _, columns = drawn
    known = ~np.isnan(columns[one]) & ~np.isnan(columns[other])
    assert low <= np.corrcoef(columns[one][known], columns[other][known])[0, 1] <= high


def test_every_value_is_physically_possible(drawn):
    """Nothing is refused by a plausibility check, so a refusal in a test means a planted fault."""
    _, _, columns = drawn
    for name, low, high in (
        ("height_cm", 120, 205), ("weight_kg", 25, 180), ("sbp1", 60, 260), ("dbp1", 35, 150), ("fpg", 45, 550),
        ("hba1c_ngsp", 3.9, 16.1), ("creatinine", 0.2, 12), ("hb", 6, 20.1), ("rbc", 180, 680),
    ):  # fmt: skip
        assert low <= np.nanmin(columns[name])
        assert np.nanmax(columns[name]) <= high
    for index in ("1", "2"):
        known = ~np.isnan(columns[f"sbp{index}"])
        assert (columns[f"sbp{index}"] > columns[f"dbp{index}"])[known].all()


def test_fasting_and_casual_values_exclude_each_other(drawn):
    """The blood-draw code says which of the two columns is filled."""
    _, _, columns = drawn
    fasting = columns["blood_draw_code"] == 2
    assert set(np.unique(columns["blood_draw_code"])) == {2.0, 3.0, 4.0}
    assert np.isnan(columns["casual_glucose"][fasting]).all()
    assert np.isnan(columns["tg_casual"][fasting]).all()
    assert np.isnan(columns["fpg"][~fasting]).all()
    assert np.isnan(columns["tg_fasting"][~fasting]).all()


def test_printed_bmi_is_that_of_the_printed_weight_and_height(drawn):
    """An importer that recomputes must find no difference."""
    _, _, columns = drawn
    computed = columns["weight_kg"] / (columns["height_cm"] / 100) ** 2
    assert np.abs(computed - columns["bmi"]).max() <= 0.0501


def test_average_pressure_is_the_mean_of_the_two_readings(drawn):
    """Both readings are kept and the average is delivered beside them."""
    _, _, columns = drawn
    twice = ~np.isnan(columns["sbp_avg"])
    assert 0.6 < twice.mean() < 0.8
    for name in ("sbp", "dbp"):
        mean = (columns[f"{name}1"] + columns[f"{name}2"])[twice] / 2
        assert np.abs(mean - columns[f"{name}_avg"][twice]).max() <= 0.5


def test_delivered_judgements_are_rare(drawn):
    """The official code comes from a few institutions only, so the service has to compute its own."""
    _, _, columns = drawn
    assert 0.03 < (~np.isnan(columns["metabo"])).mean() < 0.15
    assert np.isnan(columns["guidance_level"]).all()


def test_coded_answers_stay_inside_their_lists(drawn):
    """Smoking has three answers, drinking eight and five, urine five."""
    _, _, columns = drawn
    for name, last in (
        ("smoking", 3),
        ("drink_freq", 8),
        ("drink_amount", 5),
        ("urine_protein", 5),
        ("chew", 3),
    ):
        found = columns[name][~np.isnan(columns[name])]
        assert set(np.unique(found)) == set(map(float, range(1, last + 1)))


def test_the_csv_has_the_columns_of_the_city_format(city):
    """The header is the format's, and numbers have the decimals of a result sheet."""
    rows = list(csv.DictReader((city.path / "checkups.csv").read_text("utf-8").splitlines()))
    assert tuple(rows[0]) == HEADER
    assert len(HEADER) == len(set(HEADER)) == 74
    for row in rows:
        assert row["sex"] in {"1", "2"}
        assert len(row["height_cm"].split(".")[1]) == 1
        assert row["sbp1"].isdigit()
        assert row["doctor_name"] == row["doctor_judgement"] == row["guidance_level"] == ""
