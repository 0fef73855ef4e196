"""``python -m risk train|evaluate diabetes-onset DATA`` and ``score diabetes-onset FILE.csv``."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import platform
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, TextIO

import numpy as np
import pandas as pd

from risk import csv_file
from risk.errors import BadInput, RiskError
from risk.model import artifact
from risk.model.explain import joined, words
from risk.model.people import People, Values, read
from risk.model.score import Scored, score

NAME: Final = artifact.MODEL
OUTPUT: Final = ("risk", "lower", "upper", "reasons", "missing")
CARD_FILE: Final = "card.json"
NAGALA: Final = "nagala*.csv*"
NHANES: Final = "nhanes_1999_2018*.csv*"
KOREA: Final = "nhis_checkup*.csv*"
_LIBRARIES: Final = ("numpy", "scipy", "pandas")


class BadRequest(RiskError):
    """A command cannot be carried out as asked; one sentence."""


def add_parsers(commands: Any) -> None:
    """The sub-commands among those of ``python -m risk``."""
    train = commands.add_parser(
        "train", help="train a model", description="Writes the artifact and its manifest."
    )
    train.add_argument("name", metavar="NAME", help=NAME)
    train.add_argument("data", type=Path, metavar="DATA", help="the cohort, or a folder that holds it")
    train.add_argument(
        "--out", type=Path, default=Path(), metavar="DIR", help="where to write (default: here)"
    )
    evaluate = commands.add_parser(
        "evaluate",
        help="measure a model on people it has not seen",
        description="Writes the model card; with other countries' tables in the folder, their checks as well.",
    )
    evaluate.add_argument("name", metavar="NAME", help=NAME)
    evaluate.add_argument("data", type=Path, metavar="DATA", help="the cohort, or a folder that holds it")
    evaluate.add_argument(
        "--model", type=Path, metavar="DIR", help="a trained model (default: the shipped one)"
    )
    evaluate.add_argument(
        "--out", type=Path, default=Path(), metavar="DIR", help="where to write (default: here)"
    )
    evaluate.add_argument("--page", type=Path, metavar="FILE.md", help="write the card as a page as well")


def run_train(options: argparse.Namespace, out: TextIO) -> None:
    """Trains on the data and writes the artifact and its manifest."""
    from risk.model import nagala, train  # noqa: PLC0415 - the fit needs scipy, scoring does not

    _known(options.name)
    cohort = nagala.read(_data(options.data, NAGALA))
    model = train.train(cohort, note=_note)
    content = artifact.content(model)
    libraries = {name: importlib.metadata.version(name) for name in _LIBRARIES}
    libraries["python"] = platform.python_version()
    manifest = train.manifest(model, content, libraries)
    _write(options.out, artifact.MODEL_FILE, content)
    _write(options.out, artifact.MANIFEST_FILE, (json.dumps(manifest, indent=1) + "\n").encode())
    out.write(f"{artifact.digest(content)}  {artifact.MODEL_FILE}\n")


def run_evaluate(options: argparse.Namespace, out: TextIO) -> None:
    """Measures the training on unseen people and writes the card."""
    from risk.model import evaluate, external, nagala  # noqa: PLC0415 - the fit needs scipy, scoring does not
    from risk.model.page import page  # noqa: PLC0415 - as above

    _known(options.name)
    model = artifact.load(options.model) if options.model else artifact.shipped()
    cohort = nagala.read(_data(options.data, NAGALA))
    abroad = {}
    for name, pattern, check in (("nhanes", NHANES, external.nhanes), ("korea", KOREA, external.korea)):
        if options.data.is_dir() and (found := sorted(options.data.rglob(pattern))):
            _note(name)
            abroad[name] = check(found[0], model)
    card = {**evaluate.card(cohort, model, note=_note), "external": abroad}
    _write(options.out, CARD_FILE, (json.dumps(card, indent=1) + "\n").encode())
    if options.page:
        _write(options.page.parent, options.page.name, page(card).encode())
    best = card["patterns"]
    for name in ("with-blood", "without-blood"):
        out.write(f"{name}: concordance {best[name]['concordance']}, slope {best[name]['slope']}\n")


def run_score(options: argparse.Namespace, out: TextIO) -> None:
    """The input columns and the results of the shipped model."""
    given = csv_file.read(options.file)
    try:
        people = read(given.columns(), len(given.rows))
    except BadInput as error:
        raise given.fault(error) from error
    scored = score(people)
    results: dict[str, Iterable[str]] = {
        **{name: _texts(getattr(scored, name)) for name in ("risk", "lower", "upper")},
        "reasons": words(scored).tolist(),
        "missing": joined(scored.missing).tolist(),
    }
    csv_file.write(given, results, out)
    sys.stderr.write(
        f"{NAME} {artifact.shipped().version}: 5-year risk; see docs/explanation/risk-model.md\n"
    )


def score_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """The results beside a table of people: one row each, on the same index; ``variant`` says which tables were used."""
    if not frame.columns.is_unique:
        raise BadInput("names a column twice", field="columns")
    columns = {str(name): frame[name].to_numpy() for name in frame.columns}
    return _frame(read(columns, len(frame)), frame.index)


def _frame(people: People, index: Any) -> pd.DataFrame:
    scored: Scored = score(people)
    return pd.DataFrame(
        {
            "risk": scored.risk,
            "lower": scored.lower,
            "upper": scored.upper,
            "reasons": words(scored),
            "missing": joined(scored.missing),
        },
        index=index,
    )


def _texts(values: Values) -> list[str]:
    """Six digits: low risks must not become ties, because the order is what the model is for."""
    return ["" if np.isnan(value) else f"{value:.6g}" for value in values.tolist()]


def _known(name: str) -> None:
    if name != NAME:
        raise BadRequest(f"train and evaluate know one model: {NAME}")


def _data(path: Path, pattern: str) -> Path:
    """The file itself, or the one file of that name below a folder."""
    if not path.is_dir():
        return path
    found = sorted(path.rglob(pattern))
    if len(found) != 1:
        raise BadRequest(f"{path.name}: holds {len(found)} files like {pattern}, not one")
    return found[0]


def _write(folder: Path, name: str, content: bytes) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    except OSError as error:
        raise BadRequest(f"{name}: cannot be written") from error


def _note(step: str) -> None:
    """How far the work is, on a terminal only."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{step}")
        sys.stderr.flush()
