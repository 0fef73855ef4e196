"""The published cases and a check-up with nothing beyond a limit, to change one thing at a time."""

import csv
from pathlib import Path

CASES = list(csv.DictReader(Path(__file__).with_name("cases.csv").read_text(encoding="utf-8").splitlines()))
BASE = next(case for case in CASES if case["case_id"] == "C04")


def a_checkup(**changes):
    """C04: waist 85.0 and nothing beyond a limit; level 3 on path A with no risk."""
    fields = {
        name: value for name, value in BASE.items() if not name.startswith("expected") and name != "reason"
    }
    return {**fields, **changes}
