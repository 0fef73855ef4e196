"""Checks a release folder without the service: signature, file hashes, counts and k, from the files alone."""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
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
    checks = {
        "k of persons.csv is not the k of the certificate": k == certificate["k"]["achieved"],
        "k is smaller than requested": k >= certificate["k"]["requested"],
        "persons.csv and the certificate differ in people": len(persons) == certificate["persons"],
        "persons.csv has two rows for one person": len(persons) == len(people),
        "the summaries and the certificate differ in rows": rows.total() == certificate["rows"],
        "the summaries and persons.csv differ in people": rows.keys() == persons,
    }
    return [problem for problem, holds in checks.items() if not holds]


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
