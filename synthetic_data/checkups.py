"""Draws check-ups: correlated values whose distribution by sex and age is that of the public tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from synthetic_data.population import AGE_BANDS, NUMERIC, Population, habits

Floats = npt.NDArray[np.float64]
Columns = dict[str, Floats]
"""Column of the check-up CSV -> one number per check-up, NaN where it is empty."""

QUESTIONS: Final = (
    "med_bp", "med_glucose", "med_lipid", "hist_stroke", "hist_heart", "hist_renal", "hist_anemia", "smoking",
    "weight_gain_20", "exercise_30", "walking", "walk_speed", "chew", "eat_fast", "eat_late", "snack",
    "skip_breakfast", "drink_freq", "drink_amount", "sleep_rest", "intention",
    "urine_glucose", "urine_protein", "ecg_code",
)  # fmt: skip
ASKED: Final = QUESTIONS[:21]
CHANCES: Final = (
    *(f"no_{item}" for item in ("waist_cm", "fpg", "hba1c_ngsp", "ldl", "creatinine", "hb", "urine", "ecg_code")),
    "casual", "casual_soon", "two_readings", "past_smoker", "drink_freq", "drink_amount", "vfa", "delivered",
    "prior_guidance", *(f"no_{item}" for item in ASKED),
)  # fmt: skip
NORMALS: Final = len(NUMERIC) + 1 + len(QUESTIONS) + 2
"""Items, height, questions, and two for the difference of the two blood pressure readings."""


@dataclass(frozen=True, slots=True)
class Chances:
    """Uniform numbers by name, one per check-up."""

    values: Floats

    def __getitem__(self, name: str) -> Floats:
        return self.values[:, CHANCES.index(name)]


def draw_many(people: int, seed: int, population: Population, female: Floats, age: Floats) -> Columns:
    """Check-ups of unrelated people from one seed, for comparing with the public tables."""
    dice = np.random.default_rng([seed, people])
    return draw(
        dice.standard_normal((people, NORMALS)), dice.random((people, len(CHANCES))), female, age, population
    )


def draw(normals: Floats, uniforms: Floats, female: Floats, age: Floats, population: Population) -> Columns:
    """The columns of one check-up per row, from standard normal and uniform numbers."""
    chance = Chances(uniforms)
    cells = _Cells(female > 0.5, age)
    count = len(NUMERIC)
    scores = dict(zip(NUMERIC, (normals[:, :count] @ population.mixing.T).T, strict=True))
    columns = {item: cells.curve(population.curves[item], scores[item]) for item in NUMERIC}
    columns["casual_glucose"] = cells.curve(population.curves["casual_glucose"], scores["fpg"])
    _round(columns)
    _body(columns, normals[:, count], female, age)
    _two_readings(columns, normals[:, -2:], chance)
    _kidney_and_blood(columns, female, age)
    columns |= _answers(population, scores, normals[:, count + 1 : -2], cells)
    _todays_answers(columns, chance, female)
    _missing(columns, chance, cells, population)
    _casual(columns, chance)
    _delivered(columns, chance, female)
    return columns


class _Cells:
    """Which rows belong to which sex and age band."""

    def __init__(self, female: npt.NDArray[np.bool_], age: Floats) -> None:
        band = np.clip((age.astype(np.int64) - 40) // 5, 0, len(AGE_BANDS) - 1)
        self.index = female.astype(np.int64) * len(AGE_BANDS) + band
        self.rows = {
            (int(i) // len(AGE_BANDS), int(i) % len(AGE_BANDS)): np.flatnonzero(self.index == i)
            for i in np.unique(self.index)
        }

    def curve(self, curves: Mapping[tuple[int, int], Callable[[Floats], Floats]], scores: Floats) -> Floats:
        """Each row's value on the curve of its sex and age band."""
        values = np.empty(len(scores))
        for cell, rows in self.rows.items():
            values[rows] = curves[cell](scores[rows])
        return values

    def constant(self, constants: Mapping[tuple[int, int], float]) -> Floats:
        """Each row's number of its sex and age band."""
        values = np.empty(len(self.index))
        for cell, rows in self.rows.items():
            values[rows] = constants[cell]
        return values


def _round(columns: Columns) -> None:
    """As a result sheet prints them; BMI and eGFR are printed from weight and creatinine later."""
    for item in columns.keys() - {"bmi", "egfr"}:
        columns[item] = columns[item].round(1 if item in {"waist_cm", "hba1c_ngsp", "hb", "uric_acid"} else 0)


def _body(columns: Columns, score: Floats, female: Floats, age: Floats) -> None:
    """Height is drawn; weight follows from the calibrated BMI, and the printed BMI from the printed two."""
    spec = habits()["height"]
    at = np.clip(age, 45, 75)
    men, women = (np.interp(at, [45, 55, 65, 75], spec[name]) for name in ("male", "female"))
    height = np.where(
        female > 0.5, women + spec["spread_female"] * score, men + spec["spread_male"] * score
    ).round(1)
    columns["height_cm"] = height
    columns["weight_kg"] = (columns["bmi"] * (height / 100) ** 2).round(1)
    columns["bmi"] = (columns["weight_kg"] / (height / 100) ** 2).round(1)


def _two_readings(columns: Columns, noise: Floats, chance: Chances) -> None:
    """The calibrated pressure is the average; the first of two readings tends to be the higher one."""
    twice = chance["two_readings"] < habits()["checkup"]["two_readings"]
    high, low = columns["sbp_avg"], columns["dbp_avg"]
    low = np.minimum(low, high - 12)
    half = np.stack([(1.5 + 2.5 * noise[:, 0]).round(), (0.5 + 1.5 * noise[:, 1]).round()])
    for name, value, change in (("sbp", high, half[0]), ("dbp", low, half[1])):
        columns[f"{name}1"] = np.where(twice, value + change, value)
        columns[f"{name}2"] = np.where(twice, value - change, np.nan)
        columns[f"{name}_avg"] = np.where(twice, value, np.nan)


def _kidney_and_blood(columns: Columns, female: Floats, age: Floats) -> None:
    """Creatinine belongs to the drawn eGFR by the Japanese formula (194 Cr^-1.094 age^-0.287, x 0.739 for women)."""
    factor = 194 * np.maximum(age, 18) ** -0.287 * np.where(female > 0.5, 0.739, 1.0)
    columns["creatinine"] = ((columns["egfr"] / factor) ** (-1 / 1.094)).round(2)
    columns["egfr"] = (factor * columns["creatinine"] ** -1.094).round(1)
    columns["ht"] = (columns["hb"] * 2.98).round(1)
    columns["rbc"] = (columns["hb"] * 32.4).round(0)
    columns["non_hdl"] = (columns["ldl"] + columns["tg_fasting"] / 5).round(0)


def _answers(population: Population, scores: Mapping[str, Floats], normals: Floats, cells: _Cells) -> Columns:
    """Each coded item: 1 above the first threshold of its latent score, 2 above the second, and so on."""
    columns: Columns = {}
    for question, own in zip(QUESTIONS, normals.T, strict=True):
        spec = population.questions[question]
        strength = float(spec["strength"])
        latent = strength * scores[spec["with"]] + np.sqrt(1 - strength**2) * own
        answer = np.empty(len(latent))
        for cell, rows in cells.rows.items():
            thresholds = population.thresholds[question][cell]
            answer[rows] = 1 + (latent[rows, None] <= thresholds[None, :]).sum(axis=1)
        columns[question] = answer
    return columns


def _todays_answers(columns: Columns, chance: Chances, female: Floats) -> None:
    """From the choices of FY2021 to those of the fourth period (smoking 3, drinking 8 and 5, urine 1 to 5)."""
    spec = habits()
    past = np.where(female > 0.5, spec["checkup"]["past_smoker_female"], spec["checkup"]["past_smoker_male"])
    columns["smoking"] = np.where(
        columns["smoking"] == 1, 1, np.where(chance["past_smoker"] < past, 2, 3)
    ).astype(float)
    often = columns["drink_freq"]
    sometimes = 2.0 + np.searchsorted(
        np.cumsum(spec["drinking"]["sometimes"])[:-1], chance["drink_freq"], side="right"
    )
    rarely = 6.0 + np.searchsorted(
        np.cumsum(spec["drinking"]["rarely"])[:-1], chance["drink_freq"], side="right"
    )
    columns["drink_freq"] = np.where(often == 1, 1.0, np.where(often == 2, sometimes, rarely))
    amount = 5 - columns["drink_amount"]
    most = np.where(chance["drink_amount"] < spec["drinking"]["five_go_or_more"], 5.0, 4.0)
    columns["drink_amount"] = np.where(
        columns["drink_freq"] >= 7, np.nan, np.where(amount == 4, most, amount)
    )
    for item in ("urine_glucose", "urine_protein"):
        columns[item] = 6 - columns[item]
    columns["prior_guidance"] = np.where(
        chance["prior_guidance"] < spec["checkup"]["prior_guidance"], 1.0, 2.0
    )


def _missing(columns: Columns, chance: Chances, cells: _Cells, population: Population) -> None:
    """Leaves out what was not measured: as often as in the public tables, where they tell."""
    spec = habits()["checkup"]
    together = {
        "fpg": ("fpg", "casual_glucose"),
        "hba1c_ngsp": ("hba1c_ngsp",),
        "ldl": ("ldl", "non_hdl"),
        "creatinine": ("creatinine", "egfr", "uric_acid"),
        "hb": ("hb", "ht", "rbc"),
    }
    for item, names in together.items():
        source = {"creatinine": "egfr", "hb": "egfr"}.get(item, item)
        share = cells.constant(population.measured[source])
        if item == "fpg":
            share = np.minimum(share + cells.constant(population.measured["casual_glucose"]), 1)
        for name in names:
            columns[name] = np.where(chance[f"no_{item}"] < share, columns[name], np.nan)
    columns["waist_cm"][chance["no_waist_cm"] < spec["waist_missing"]] = np.nan
    columns["vfa_cm2"] = np.where(
        chance["vfa"] < 0.01, (columns["waist_cm"] * 2.4 - 105).clip(10).round(1), np.nan
    )
    columns["ecg_code"][chance["no_ecg_code"] < 0.4] = np.nan
    for name in ("urine_glucose", "urine_protein"):
        columns[name][chance["no_urine"] < 0.01] = np.nan
    for name in ASKED:
        columns[name][chance[f"no_{name}"] < spec["answer_missing"]] = np.nan


def _casual(columns: Columns, chance: Chances) -> None:
    """Who had eaten has casual glucose and triglycerides instead of fasting ones (code 2, 3 or 4)."""
    spec = habits()["checkup"]
    casual = chance["casual"] < spec["casual"]
    soon = casual & (chance["casual_soon"] < spec["casual_soon"])
    columns["blood_draw_code"] = np.where(soon, 4.0, np.where(casual, 3.0, 2.0))
    columns["tg_casual"] = np.where(casual, (columns["tg_fasting"] * 1.15).round(0), np.nan)
    columns["tg_fasting"] = np.where(casual, np.nan, columns["tg_fasting"])
    columns["fpg"] = np.where(casual, np.nan, columns["fpg"])
    columns["casual_glucose"] = np.where(casual, columns["casual_glucose"], np.nan)


def _delivered(columns: Columns, chance: Chances, female: Floats) -> None:
    """A few institutions send the metabolic syndrome code themselves; only complete, fasting check-ups get one here."""
    waist = columns["waist_cm"] >= np.where(female > 0.5, 90, 85)
    high = np.where(np.isnan(columns["sbp_avg"]), columns["sbp1"], columns["sbp_avg"])
    low = np.where(np.isnan(columns["dbp_avg"]), columns["dbp1"], columns["dbp_avg"])
    risks = (
        ((columns["fpg"] >= 110) | (columns["med_glucose"] == 1)).astype(int)
        + ((columns["tg_fasting"] >= 150) | (columns["hdl"] < 40) | (columns["med_lipid"] == 1))
        + ((high >= 130) | (low >= 85) | (columns["med_bp"] == 1))
    )
    complete = ~np.isnan(columns["waist_cm"] + columns["fpg"] + columns["tg_fasting"] + columns["med_bp"])
    complete &= ~np.isnan(columns["med_glucose"] + columns["med_lipid"]) & np.isnan(columns["vfa_cm2"])
    code = np.where(waist & (risks >= 2), 1.0, np.where(waist & (risks == 1), 2.0, 3.0))
    sent = complete & (chance["delivered"] < habits()["checkup"]["delivered_judgement"])
    columns["metabo"] = np.where(sent, code, np.nan)
    columns["guidance_level"] = np.full(len(code), np.nan)
