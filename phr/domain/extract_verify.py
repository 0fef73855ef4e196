"""Checks one person's extract of the trail offline, with the standard library only: python -m phr.domain.extract_verify.

Each line is ``{"line", "prev", "hash"}`` and, once the day is over, ``"day"`` and ``"path"``: the neighbours on the way
from the row up to the day's root, each ``[side, hash]``. The roots are the list that the city publishes. A row that was
changed does not give its hash; a row that was never in the trail of its day does not lead to the published root.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

_USAGE = "usage: python -m phr.domain.extract_verify EXTRACT.ndjson ROOTS.json"


def problem_of(row: dict[str, Any], roots: dict[str, str]) -> str:
    """What is wrong with a row; empty when it holds."""
    digest = sha256(bytes.fromhex(row["prev"]) + row["line"].encode()).digest()
    if digest.hex() != row["hash"]:
        return "is not what was written"
    if "path" not in row:
        return ""
    node = sha256(b"\x00" + digest).digest()
    for side, other in row["path"]:
        beside = bytes.fromhex(other)
        node = sha256(b"\x01" + (beside + node if side == "left" else node + beside)).digest()
    return "" if roots.get(row["day"]) == node.hex() else f"is not under the published root of {row['day']}"


def verify(lines: Iterable[str], roots: list[dict[str, Any]]) -> tuple[list[str], int, int]:
    """Problems, rows, and rows whose day has no root yet. ValueError or KeyError where it is no extract."""
    by_day = {one["day"]: one["root"] for one in roots}
    rows = [json.loads(text) for text in lines if text.strip()]
    found = [(at + 1, problem_of(row, by_day)) for at, row in enumerate(rows)]
    return (
        [f"row {at} {text}" for at, text in found if text],
        len(rows),
        sum("path" not in row for row in rows),
    )


def main(arguments: list[str]) -> int:
    """0: every row holds. 1: one does not. 2: the files could not be read."""
    if len(arguments) != 2:
        print(_USAGE, file=sys.stderr)  # noqa: T201 - a command line prints
        return 2
    try:
        roots = json.loads(Path(arguments[1]).read_text("utf-8"))
        with Path(arguments[0]).open(encoding="utf-8", newline="\n") as stream:
            problems, rows, open_rows = verify(stream, roots)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"the files are no extract of a trail ({type(error).__name__})", file=sys.stderr)  # noqa: T201 - as above
        return 2
    for problem in problems:
        print(problem)  # noqa: T201 - as above
    end = f"{len(problems)} problems" if problems else "every row holds"
    print(f"{rows} rows, {open_rows} of days without a root yet: {end}")  # noqa: T201 - as above
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
