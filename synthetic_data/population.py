"""The calibration tables, read once and checked: what is known about the people that are invented."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from statistics import NormalDist
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from synthetic_data.errors import BadCalibrationError, BadOptionError
from synthetic_data.marginals import Curve, fit, normal_curve

REGIONS: Final = ("kumamoto", "okayama", "national")
SEXES: Final = ("male", "female")
AGE_BANDS: Final = ("40-44", "45-49", "50-54", "55-59", "60-64", "65-69", "70-74")
NUMERIC: Final = (
    "bmi", "waist_cm", "sbp_avg", "dbp_avg", "fpg", "hba1c_ngsp", "tg_fasting", "hdl", "ldl",
    "ast", "alt", "ggt", "egfr", "hb", "uric_acid",
)  # fmt: skip
"""Items with a normal score of their own; casual glucose shares that of fasting glucose."""

Cell = tuple[int, int]
"""Sex (0 male, 1 female) and age band."""


@dataclass(frozen=True, slots=True)
class Population:
    """One region's curves, measured shares and answer thresholds by sex and age, and the national age pyramid."""

    curves: Mapping[str, Mapping[Cell, Curve]]
    measured: Mapping[str, Mapping[Cell, float]]
    thresholds: Mapping[str, Mapping[Cell, npt.NDArray[np.float64]]]
    questions: Mapping[str, Mapping[str, Any]]
    mixing: npt.NDArray[np.float64]
    ages: npt.NDArray[np.int64]
    persons: npt.NDArray[np.float64]


def habits() -> dict[str, Any]:
    """The assumptions of ``habits.toml``."""
    return table("habits.toml")


@cache
def table(name: str) -> dict[str, Any]:
    """A TOML table of the calibration folder."""
    return tomllib.loads(resources.files("synthetic_data.calibration").joinpath(name).read_text("utf-8"))


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = resources.files("synthetic_data.calibration").joinpath(name).read_text("utf-8")
    yield from csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))


@cache
def load(region: str) -> Population:
    """The population of a region; fits every curve (about a fifth of a second)."""
    if region not in REGIONS:
        raise BadOptionError(f"--region must be one of {', '.join(REGIONS)}")
    means, below, counts = _marginal_rows(region)
    items = table("items.toml")
    curves: dict[str, dict[Cell, Curve]] = {}
    measured: dict[str, dict[Cell, float]] = {}
    for item, spec in items.items():
        curves[item] = {
            cell: _curve(item, spec, below[item][cell], means[item][cell], cell) for cell in means[item]
        }
        measured[item] = {cell: min(1.0, counts[item][cell] / counts["bmi"][cell]) for cell in counts[item]}
    curves["uric_acid"] = _uric_acid()
    pyramid = list(_rows("pyramid.csv"))
    return Population(
        curves=curves,
        measured=measured,
        thresholds=_thresholds(region),
        questions=table("questions.toml"),
        mixing=_mixing(),
        ages=np.array([int(row["age_from"]) for row in pyramid]),
        persons=np.array([[float(row["persons"]), float(row["sex"] == "female")] for row in pyramid]),
    )


_Cells = dict[str, dict[Cell, float]]


def _marginal_rows(region: str) -> tuple[_Cells, dict[str, dict[Cell, list[float]]], _Cells]:
    means: _Cells = {}
    counts: _Cells = {}
    below: dict[str, dict[Cell, list[float]]] = {}
    for row in _rows("marginals.csv"):
        if row["region"] == region:
            item, cell = row["item"], _cell(row)
            means.setdefault(item, {})[cell] = float(row["mean"])
            counts.setdefault(item, {})[cell] = float(row["n"])
            below.setdefault(item, {})[cell] = [float(share) for share in row["below"].split(";") if share]
    if any(len(cells) != len(SEXES) * len(AGE_BANDS) for cells in means.values()):
        raise BadCalibrationError(f"marginals.csv: the region {region} is not complete")
    return means, below, counts


def _cell(row: Mapping[str, str]) -> Cell:
    return SEXES.index(row["sex"]), AGE_BANDS.index(row["age"])


def _curve(item: str, spec: Mapping[str, Any], below: list[float], mean: float, cell: Cell) -> Curve:
    low, high = spec["range"]
    if not spec["cuts"]:
        return normal_curve(mean, habits()["spread"][f"{item}_{SEXES[cell[0]]}"], low, high)
    # A printed value of at least the cut is an exact value of at least the cut less half a printed step.
    edges = [cut - spec["step"] / 2 for cut in spec["cuts"]]
    return fit(edges, below, mean, scale=spec["scale"], limits=(low, high))


def _uric_acid() -> dict[Cell, Curve]:
    spec = habits()["uric_acid"]
    return {
        (sex, band): normal_curve(spec[name][0], spec[name][1], 1.5, 13.0)
        for sex, name in enumerate(SEXES)
        for band in range(len(AGE_BANDS))
    }


def _thresholds(region: str) -> dict[str, dict[Cell, npt.NDArray[np.float64]]]:
    """Normal scores that part the answers: answer 1 is above the first, the last answer below the last."""
    normal = NormalDist()
    found: dict[str, dict[Cell, npt.NDArray[np.float64]]] = {}
    for row in _rows("answers.csv"):
        if row["region"] == region:
            shares = np.cumsum([float(share) for share in row["shares"].split(";")])[:-1]
            scores = [normal.inv_cdf(1 - min(max(float(share), 1e-5), 1 - 1e-5)) for share in shares]
            found.setdefault(row["item"], {})[_cell(row)] = np.array(scores)
    return found


def _mixing() -> npt.NDArray[np.float64]:
    """The matrix that turns independent normal scores into correlated ones, in the order of ``NUMERIC``."""
    matrix = np.eye(len(NUMERIC))
    place = {item: i for i, item in enumerate(NUMERIC)}
    for row in _rows("correlation.csv"):
        for other in row.keys() - {"item"}:
            matrix[place[row["item"]], place[other]] = float(row[other])
    for pair, value in habits()["correlation"].items():
        one, other = pair.split("-")
        matrix[place[one], place[other]] = matrix[place[other], place[one]] = value
    values, vectors = np.linalg.eigh(matrix)
    mixing = vectors * np.sqrt(np.clip(values, 1e-4, None))
    bent = mixing @ mixing.T
    scale = 1 / np.sqrt(np.diag(bent))
    # Unit variances keep every item standard normal; Cholesky and rounding keep the result equal across machines.
    mixed: npt.NDArray[np.float64] = np.linalg.cholesky(bent * scale * scale[:, None]).round(9)
    return mixed
