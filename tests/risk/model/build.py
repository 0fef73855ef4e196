"""Invented people whose future is drawn from a known hazard, and single persons to change one thing at a time."""

import numpy as np

from risk.model.nagala import FOLDS, Cohort
from risk.model.people import People, read

PERSON = {
    "age": 52,
    "sex": "M",
    "bmi": 27.4,
    "waist_cm": 94.0,
    "sbp": 138,
    "fpg": 104,
    "hba1c_ngsp": 5.8,
    "tg_fasting": 180,
    "hdl": 42,
    "alt": 40,
    "ggt": 60,
    "smoking": 1,
    "exercise": 0,
}


def a_person(**changes) -> People:
    """One person with everything, inside every range; None takes an input away."""
    given = {name: [value] for name, value in {**PERSON, **changes}.items() if value is not None}
    return read(given, 1)


def columns(size, seed=1):
    """Columns of invented check-ups, inside the range of the model."""
    draw = np.random.default_rng(seed)
    bmi = np.clip(draw.normal(22.5, 3, size), 15, 45)
    return {
        "age": draw.integers(20, 75, size).astype(float),
        "sex": np.where(draw.random(size) < 0.5, "M", "F"),
        "bmi": bmi,
        "waist_cm": np.clip(2.5 * bmi + 22 + draw.normal(0, 4, size), 50, 125),
        "sbp": np.clip(draw.normal(118, 14, size), 80, 200),
        "fpg": np.clip(draw.normal(93, 7, size), 70, 109).round(),
        "hba1c_ngsp": np.clip(draw.normal(5.3, 0.3, size), 4, 6.4).round(1),
        "tg_fasting": np.clip(draw.lognormal(4.3, 0.5, size), 20, 800),
        "hdl": np.clip(draw.normal(56, 14, size), 20, 120),
        "alt": np.clip(draw.lognormal(2.9, 0.4, size), 5, 400),
        "ggt": np.clip(draw.lognormal(2.9, 0.5, size), 5, 300),
        "smoking": draw.integers(1, 4, size),
        "exercise": draw.integers(0, 2, size),
    }


def a_cohort(size=1500, seed=1) -> Cohort:
    """People followed for up to twelve years; the hazard rises with HbA1c and BMI and with nothing else."""
    given = columns(size, seed)
    draw = np.random.default_rng(seed + 1)
    log_hazard = -3.6 + 3.0 * (given["hba1c_ngsp"] - 5.3) + 0.12 * (given["bmi"] - 22.5)
    until = draw.exponential(1.0, size) / np.exp(log_hazard)
    watched = draw.uniform(1, 12, size)
    return Cohort(
        people=read(given, size),
        years=np.minimum(until, watched),
        event=(until <= watched).astype(float),
        part=np.arange(size) % FOLDS,
        sha256="0" * 64,
    )
