"""Checks on people of other countries: whether the risk ranks glucose that is high today, where the future is not known.

Neither table follows people over time, so this is no validation of the five-year risk: it shows whether the order
holds abroad, and how far other people are from those of the training.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from risk.errors import BadInput
from risk.model import drift
from risk.model.artifact import Model
from risk.model.people import Mask, People, Values, read
from risk.model.score import score

HIGH_FPG: Final = 126.0
HIGH_HBA1C: Final = 6.5
MG_PER_MMOL: Final = {"glucose": 18.016, "TG": 88.57, "HDL": 38.67}
FASTED_HOURS: Final = 8.0
BLOOD: Final = ("fpg", "hba1c_ngsp", "tg_fasting", "hdl", "alt", "ggt")
GLUCOSE: Final = ("fpg", "hba1c_ngsp")
ADULT: Final = 20
OLDEST_KNOWN: Final = 79


def nhanes(path: Path, model: Model) -> dict[str, Any]:
    """Adults of the United States without known diabetes; high: fasting glucose 126 or HbA1c 6.5 and more."""
    names = ["survey_nr", "gender", "age", "pregnancy", "ethnicity", "waist", "BMI", "TG", "HDL", "glucose"]
    pressures = [f"SBP{number}" for number in range(1, 5)]
    table = _table(path, [*names, *pressures, "fasting_hr", "hba1c", "ever_diabetes", "current_smoker"])
    adult = (table["age"] >= ADULT) & (table["age"] <= OLDEST_KNOWN) & (table["ever_diabetes"] == 2)
    table = table[adult & (table["pregnancy"] != 1)]
    fasted = table["fasting_hr"] >= FASTED_HOURS
    glucose = (table["glucose"] * MG_PER_MMOL["glucose"]).where(fasted)
    known = glucose.notna() | table["hba1c"].notna()
    high = (glucose >= HIGH_FPG) | (table["hba1c"] >= HIGH_HBA1C)
    people = read(
        {
            "sex": np.where(table["gender"] == 1, "M", "F"),
            "age": table["age"].to_numpy(),
            "bmi": table["BMI"].to_numpy(),
            "waist_cm": table["waist"].to_numpy(),
            "sbp": table[pressures].mean(axis=1).to_numpy(),
            "tg_fasting": (table["TG"] * MG_PER_MMOL["TG"]).to_numpy(),
            "hdl": (table["HDL"] * MG_PER_MMOL["HDL"]).to_numpy(),
            "fpg": glucose.to_numpy(),
            "hba1c_ngsp": table["hba1c"].to_numpy(),
            "smoking": table["current_smoker"].map({1.0: 1.0, 2.0: 1.0, 3.0: 2.0}).to_numpy(),
        },
        len(table),
    )
    return _ranked(people, high.to_numpy(), known.to_numpy(), model)


def korea(path: Path, model: Model) -> dict[str, Any]:
    """Check-ups of Korea; high: fasting glucose 126 and more. Whether diabetes is known already is not in the table."""
    names = ["sex", "age", "height", "weight", "waistline", "SBP", "BLDS", "HDL_chole", "triglyceride"]
    table = _table(path, [*names, "SGOT_ALT", "gamma_GTP", "SMK_stat_type_cd"])
    table = table[(table["age"] >= ADULT) & (table["age"] <= OLDEST_KNOWN)]
    people = read(
        {
            "sex": table["sex"].to_numpy(),
            "age": table["age"].to_numpy(),
            "bmi": (table["weight"] / (table["height"] / 100) ** 2).to_numpy(),
            "waist_cm": table["waistline"].where(table["waistline"] < 900).to_numpy(),
            "sbp": table["SBP"].to_numpy(),
            "fpg": table["BLDS"].to_numpy(dtype=np.float64),
            "tg_fasting": table["triglyceride"].to_numpy(),
            "hdl": table["HDL_chole"].to_numpy(),
            "alt": table["SGOT_ALT"].to_numpy(),
            "ggt": table["gamma_GTP"].to_numpy(),
            "smoking": (4 - table["SMK_stat_type_cd"]).to_numpy(),  # never, past, current
        },
        len(table),
    )
    return _ranked(people, people["fpg"] >= HIGH_FPG, ~np.isnan(people["fpg"]), model)


def _table(path: Path, names: list[str]) -> pd.DataFrame:
    try:
        table = pd.read_csv(path)
    except (OSError, EOFError, ValueError) as error:
        raise BadInput("cannot be read as CSV", field=path.name) from error
    for name in names:
        if name not in table:
            raise BadInput("has no such column", field=name)
    return table[names]


def _ranked(people: People, high: Mask, known: Mask, model: Model) -> dict[str, Any]:
    """The area under the curve for glucose that is high today, with glucose itself hidden from the model."""
    plain = score(people.without(BLOOD), model).risk
    panel = score(people.without(GLUCOSE), model).risk
    answer: dict[str, Any] = {
        "people": people.rows,
        "known": int(known.sum()),
        "high": int(high[known].sum()),
    }
    for name, risk in (("without_blood", plain), ("with_lipids_and_liver", panel)):
        use = known & ~np.isnan(risk)
        answer[name] = {"without_risk": int(np.isnan(risk).sum()), "area": area(high[use], risk[use])}
        answer[name]["tenths"] = tenths(high[use], risk[use])
    answer["out_of_range_with_everything"] = int(np.isnan(score(people, model).risk).sum())
    answer["drift"] = {
        found.input: {"index": round(found.index, 3), "level": found.level}
        for found in drift.watch(people, model.drift)
    }
    return answer


def area(high: Mask, risk: Values) -> float:
    """The area under the ROC curve: concordance when all are found at once, and nobody else is ever."""
    ranks = pd.Series(risk).rank().to_numpy()
    cases, others = int(high.sum()), int((~high).sum())
    if not cases or not others:
        return float("nan")
    return round(float((ranks[high].sum() - cases * (cases + 1) / 2) / (cases * others)), 4)


def tenths(high: Mask, risk: Values) -> list[dict[str, float]]:
    """Mean risk and the share with high glucose, by tenths of the risk."""
    place = np.searchsorted(np.quantile(risk, np.arange(0.1, 0.95, 0.1)), risk, side="right")
    return [
        {
            "mean_risk": round(float(risk[place == p].mean()), 4),
            "high_today": round(float(high[place == p].mean()), 4),
        }
        for p in range(10)
        if (place == p).any()
    ]
