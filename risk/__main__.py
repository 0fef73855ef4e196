"""Command line of the risk rules: ``stratify FILE.csv`` and ``score NAME FILE.csv`` write the table with results to stdout."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final, TextIO

from risk import csv_file
from risk.checkup import REFUSE
from risk.checkup import read as read_panel
from risk.errors import BadInput, RiskError
from risk.judge import judge
from risk.limits import FOURTH, GLUCOSE_RULES, THIRD, load, standard
from risk.model import command as model
from risk.programme import command as programme
from risk.scores import command as scores
from risk.stratify import table


def main(arguments: list[str] | None = None) -> int:
    """0 on success, 1 on a refused file or name with one sentence on stderr, 2 on wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        _COMMANDS[options.command](options, sys.stdout)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # the reader closed the pipe: not our fault
        return 1
    except RiskError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m risk", description="Judges check-ups by the published rules."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    stratify = commands.add_parser(
        "stratify",
        help="official stratification of a CSV of check-ups",
        description=f"Writes the input columns and {', '.join(csv_file.OUTPUT)} to stdout.",
    )
    stratify.add_argument("file", type=Path, metavar="FILE.csv")
    stratify.add_argument("--rule", choices=("auto", THIRD, FOURTH), default="auto")
    stratify.add_argument("--glucose-rule", choices=GLUCOSE_RULES, default=None)
    stratify.add_argument("--limits", type=Path, metavar="LIMITS.toml", help="the city's own reviewed limits")
    scores.add_parser(commands)
    model.add_parsers(commands)
    programme.add_parser(commands)
    return parser


def _stratify(options: argparse.Namespace, out: TextIO) -> None:
    limits = load(options.limits) if options.limits else standard()
    given = csv_file.read(options.file)
    try:
        panel = read_panel(given.columns(), len(given.rows), bad=REFUSE)
    except BadInput as error:
        raise given.fault(error) from error
    judged = table(judge(panel, rule=options.rule, glucose_rule=options.glucose_rule, limits=limits))
    results: dict[str, Iterable[str]] = {
        name: judged[name].astype(object).where(judged[name].notna(), "NA").astype(str)
        for name in csv_file.OUTPUT
    }
    csv_file.write(given, results, out)
    if panel.quality:
        print(f"{given.name}: {len(panel.quality)} values were used with a doubt", file=sys.stderr)


def _score(options: argparse.Namespace, out: TextIO) -> None:
    """Our own model by its name; every other name is that of a published score."""
    run = model.run_score if options.name == model.NAME else scores.run
    run(options, out)


_COMMANDS: Final = {
    "stratify": _stratify,
    "score": _score,
    "train": model.run_train,
    "evaluate": model.run_evaluate,
    "programme": programme.run,
}


if __name__ == "__main__":
    sys.exit(main())
