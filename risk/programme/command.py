"""``python -m risk programme ENROLMENT.csv MEASURES.csv``: the evaluation as one JSON object."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any, Final, TextIO

from risk import csv_file
from risk.errors import BadInput
from risk.programme.people import ENROLMENT, MEASURES, read
from risk.programme.rules import standard

_YEAR: Final = re.compile(r"(\d{4}):(\d{1,9})/(\d{1,9})", re.ASCII)


def add_parser(commands: Any) -> None:
    """The sub-command among those of ``python -m risk``."""
    parser = commands.add_parser(
        "programme",
        help="did a programme work, and did more people take part",
        description=f"Columns: {', '.join(ENROLMENT)}; {', '.join(MEASURES)}. Writes JSON to stdout.",
    )
    parser.add_argument("enrolment", type=Path, metavar="ENROLMENT.csv")
    parser.add_argument("measures", type=Path, metavar="MEASURES.csv")
    parser.add_argument("--primary", default="weight_kg", help="the outcome named beforehand (weight_kg)")
    parser.add_argument(
        "--year",
        action="append",
        default=[],
        type=_year,
        metavar="YEAR:TOOK/INVITED",
        help="an earlier year, as 2024:120/900; may be repeated",
    )
    parser.add_argument("--threshold", action="store_true", help="entry asked for a high or a low value")


def _year(text: str) -> tuple[int, int, int]:
    found = _YEAR.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError("must be like 2024:120/900")
    year, took, invited = (int(part) for part in found.groups())
    return year, took, invited


def run(options: argparse.Namespace, out: TextIO) -> None:
    """Reads both files and writes the evaluation."""
    from risk.programme.evaluate import evaluate  # noqa: PLC0415 - statsmodels is slow to load, other commands need it not
    from risk.programme.uptake import Year  # noqa: PLC0415 - as above

    rules = standard()
    tables = [csv_file.read(path) for path in (options.enrolment, options.measures)]
    try:
        people = read(tables[0].columns(), tables[1].columns(), rules)
    except BadInput as error:
        raise _table_of(error, tables).fault(error) from error
    years = [Year(year, invited, took) for year, took, invited in options.year]
    found = evaluate(people, rules, primary=options.primary, years=years, by_threshold=options.threshold)
    json.dump(found.as_json(), out, ensure_ascii=False, allow_nan=False)
    out.write("\n")


def _table_of(error: BadInput, tables: list[csv_file.Table]) -> csv_file.Table:
    """The file that a fault is in: ``person`` is in both, and is measured twice only in the second."""
    in_measures = error.field in MEASURES[1:] or "measured" in error.problem
    return tables[1 if in_measures else 0]
