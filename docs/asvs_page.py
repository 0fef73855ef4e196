"""The checklist of OWASP ASVS 5.0, level 2, as a page: ``docs/asvs.csv`` with links to what proves each line."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).resolve().parent
STATES: Final = {
    "met": "met",
    "part": "partly",
    "deploy": "the city's installation",
    "na": "does not apply",
    "not": "not met",
}


def requirements() -> list[dict[str, str]]:
    """Every requirement of level 1 and 2 with its state, evidence and note."""
    with (_FOLDER / "asvs.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def asvs_summary() -> str:
    """How many requirements are in each state."""
    counted = Counter(one["state"] for one in requirements())
    rows = [f"| {words} | {counted[state]} |" for state, words in STATES.items()]
    return "\n".join(["| state | requirements |", "|---|---|", *rows])


def asvs() -> str:
    """The table of all requirements."""
    lines = ["| requirement | level | asks | state | evidence | note |", "|---|---|---|---|---|---|"]
    for one in requirements():
        proof = "<br>".join(f"`{each}`" for each in one["evidence"].split())
        lines.append(
            f"| V{one['id']} | {one['level']} | {one['asks']} | {STATES[one['state']]} | {proof} | {one['note']} |"
        )
    return "\n".join(lines)
