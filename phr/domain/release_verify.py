"""Checks a release folder without the service: signature, file hashes, counts, k and groups, from the files alone.

One file that needs Python and the package `cryptography`, and `pyarrow` to look into Parquet files: copy it anywhere.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def canonical(value: Mapping[str, Any]) -> bytes:
    """The one text of a JSON object that is hashed and signed: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def signed_by(certificate: Mapping[str, Any], public_key: bytes) -> bool:
    """True when the holder of the key signed exactly this certificate."""
    try:
        signature = bytes.fromhex(certificate["signature"]["value"])
        text = canonical({name: value for name, value in certificate.items() if name != "signature"})
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, text)
    except (InvalidSignature, KeyError, TypeError, ValueError):
        return False
    return True


def problems(folder: Path, public_key: bytes | None = None) -> list[str]:
    """Everything in which the folder and its certificate differ; empty when all agrees."""
    try:
        certificate = json.loads((folder / "certificate.json").read_bytes())
        key = public_key or bytes.fromhex(certificate["signature"]["public_key"])
        found = [] if signed_by(certificate, key) else ["certificate.json: the signature does not match"]
        names = {*certificate["files"], "certificate.json"}
        found += [f"{path.name}: not listed" for path in folder.iterdir() if path.name not in names]
        for name, entry in certificate["files"].items():
            path = folder / Path(name).name
            if not path.is_file() or sha256(path.read_bytes()).hexdigest() != entry["sha256"]:
                found.append(f"{path.name}: missing or changed")
        return found or _counted(folder, certificate)
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as problem:
        return [f"certificate.json: not readable ({type(problem).__name__})"]


def _counted(folder: Path, certificate: Mapping[str, Any]) -> list[str]:
    people = list(csv.DictReader((folder / "persons.csv").read_text(encoding="utf-8").splitlines()))
    name = f"{certificate['resolution']}_summaries"
    days = list(csv.DictReader((folder / f"{name}.csv").read_text(encoding="utf-8").splitlines()))
    rows = Counter(row["person"] for row in days)
    persons = {row["person"] for row in people}
    classes = Counter(tuple(row[column] for column in certificate["quasi_identifiers"]) for row in people)
    k = min(classes.values(), default=0)
    group = _smallest_group(people, days) if "smallest_group" in certificate["series"] else None
    checks = {
        "k of persons.csv is not the k of the certificate": k == certificate["k"]["achieved"],
        "k is smaller than requested": k >= certificate["k"]["requested"],
        "persons.csv and the certificate differ in people": len(persons) == certificate["persons"],
        "persons.csv has two rows for one person": len(persons) == len(people),
        "the summaries and the certificate differ in rows": rows.total() == certificate["rows"],
        "the summaries and persons.csv differ in people": rows.keys() == persons,
        "a record is shared by fewer people than k": group is None or group >= certificate["k"]["requested"],
    }
    found = [problem for problem, holds in checks.items() if not holds]
    for table, lines in (("persons", people), (name, days)):
        if not _same(folder / f"{table}.parquet", lines):
            found.append(f"{table}.parquet and {table}.csv differ")
    return found


def _smallest_group(people: list[dict[str, str]], days: list[dict[str, str]]) -> int:
    """How many people share every column of every row, at least: what an attacker who knows all of it cannot tell apart."""
    series: dict[str, list[tuple[str, ...]]] = {row["person"]: [] for row in people}
    for row in days:
        series.setdefault(row["person"], []).append(tuple(row.values())[1:])
    records = Counter((*tuple(row.values())[1:], *sorted(series[row["person"]])) for row in people)
    return min(records.values(), default=0)


def _same(path: Path, lines: list[dict[str, str]]) -> bool:
    """Whether a Parquet file says what the CSV file says; taken on the hash alone where pyarrow is missing."""
    if find_spec("pyarrow") is None or not path.exists():
        return True
    table = import_module("pyarrow.parquet").read_table(path).to_pylist()
    return len(table) == len(lines) and all(
        row.keys() == line.keys() and all(_equal(row[name], cell) for name, cell in line.items())
        for row, line in zip(table, lines, strict=True)
    )


def _equal(value: object, cell: str) -> bool:
    if isinstance(value, float):
        return bool(cell) and abs(value - float(cell)) <= 1e-9 * max(1.0, abs(value))
    return cell == ("" if value is None else str(value))


def main(arguments: list[str]) -> int:
    """Exits with 0 when the folder agrees, 1 when it differs, 2 on wrong usage."""
    try:
        folder, key = [*arguments, ""][:2] if 1 <= len(arguments) <= 2 else ("", "none")
        found = problems(Path(folder), bytes.fromhex(key) or None)
    except ValueError:
        sys.stderr.write("usage: python -m phr.domain.release_verify DIR [PUBLIC_KEY_HEX]\n")
        return 2
    sys.stdout.write("\n".join(found or ["the release agrees with its certificate"]) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
