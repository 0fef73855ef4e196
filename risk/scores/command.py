"""``python -m risk score NAME FILE.csv``: a table of people in, the same table with the score of each out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, TextIO

import numpy as np
import numpy.typing as npt

from risk import csv_file
from risk.errors import BadInput
from risk.scores.evaluate import evaluate
from risk.scores.inputs import read
from risk.scores.model import PUBLISHED, load
from risk.scores.words import lines, missing

OUTPUT: Final = ("risk", "lower", "upper", "reasons", "missing")


def add_parser(commands: Any) -> None:
    """The sub-command among those of ``python -m risk``."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "score",
        help="a published risk score for each row of a CSV",
        description=(
            f"Writes the input columns and {', '.join(OUTPUT)} to stdout; risk, lower and upper are fractions of 1."
            f" NAME is one of {', '.join(PUBLISHED)}."
        ),
    )
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("file", type=Path, metavar="FILE.csv")
    parser.add_argument(
        "--strict",
        action="store_true",
        help="take no question as answered by no, also where the file does not have its column",
    )


def run(options: argparse.Namespace, out: TextIO) -> None:
    """Raises a RiskError for a name without a table and for a file that cannot be used."""
    published = load(options.name)
    given = csv_file.read(options.file)
    try:
        inputs = read(given.columns(), len(given.rows))
    except BadInput as error:
        raise given.fault(error) from error
    scored = evaluate(published, inputs, taken_as_no=not options.strict)
    results: dict[str, Iterable[str]] = {
        **{name: _texts(getattr(scored, name)) for name in ("risk", "lower", "upper")},
        "reasons": lines(scored).tolist(),
        "missing": missing(scored).tolist(),
    }
    csv_file.write(given, results, out)
    sys.stderr.write(f"{published.name} {published.version}: {published.citation}\n")


def _texts(values: npt.NDArray[np.float64]) -> list[str]:
    """Fractions with as many digits as the publication has; empty where there is no number."""
    return ["" if np.isnan(each) else f"{each:.6g}" for each in values.tolist()]
