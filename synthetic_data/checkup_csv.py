"""Writes check-ups as the city's CSV: one header row, one row per check-up, empty where nothing was measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from synthetic_data.checkups import Columns

HEADER: Final = (
    "atena_no", "insurer_no", "insured_symbol", "insured_no", "branch_no", "name_kana", "birth_date", "sex",
    "checkup_date", "institution_code", "ticket_no", "report_category",
    "height_cm", "weight_kg", "bmi", "waist_cm", "waist_method", "vfa_cm2",
    "sbp1", "dbp1", "sbp2", "dbp2", "sbp_avg", "dbp_avg", "blood_draw_code", "tg_fasting", "tg_casual",
    "hdl", "ldl", "ldl_method", "non_hdl", "ast", "alt", "ggt", "fpg", "casual_glucose", "hba1c_ngsp",
    "creatinine", "egfr", "uric_acid", "urine_glucose", "urine_protein", "ht", "hb", "rbc",
    "ecg_code", "ecg_text", "fundus_code", "med_bp", "med_glucose", "med_lipid",
    "hist_stroke", "hist_heart", "hist_renal", "hist_anemia", "smoking", "weight_gain_20", "exercise_30",
    "walking", "walk_speed", "chew", "eat_fast", "eat_late", "snack", "skip_breakfast",
    "drink_freq", "drink_amount", "sleep_rest", "intention", "prior_guidance", "metabo", "guidance_level",
    "doctor_judgement", "doctor_name",
)  # fmt: skip
DECIMALS: Final = {
    **dict.fromkeys(("height_cm", "weight_kg", "bmi", "waist_cm", "vfa_cm2", "hba1c_ngsp", "egfr"), 1),
    **dict.fromkeys(("uric_acid", "ht", "hb"), 1),
    "creatinine": 2,
}


@dataclass(frozen=True, slots=True)
class Examined:
    """Who was examined when: the columns that are not measurements."""

    atena_no: str
    name_kana: str
    birth_date: date
    female: bool
    day: date
    number: int


def header() -> str:
    """The header row."""
    return ",".join(HEADER) + "\n"


def rows(examined: Sequence[Examined], columns: Columns) -> Iterable[str]:
    """The rows, in the order given."""
    texts = {
        name: _texts(columns[name].tolist(), DECIMALS.get(name, 0)) for name in HEADER if name in columns
    }
    empty = [""] * len(examined)
    texts["waist_method"] = ["1" if waist else "" for waist in texts["waist_cm"]]
    texts["ldl_method"] = ["direct" if ldl else "" for ldl in texts["ldl"]]
    texts["ecg_text"] = ["軽度所見" if code == "1" else "" for code in texts["ecg_code"]]
    for i, who in enumerate(examined):
        yield ",".join([*_person(who), *(texts.get(name, empty)[i] for name in HEADER[12:])]) + "\n"


def _person(who: Examined) -> list[str]:
    return [
        who.atena_no,
        "99999901",  # an insurer number that nobody has
        "青霧",
        f"{who.number:07d}",
        "00",
        who.name_kana,
        who.birth_date.isoformat(),
        "2" if who.female else "1",
        who.day.isoformat(),
        "9999900001",
        f"{who.day.year % 100:02d}{who.number:09d}",
        "10",
    ]


def _texts(values: list[float], decimals: int) -> list[str]:
    return ["" if np.isnan(value) else f"{value:.{decimals}f}" for value in values]
