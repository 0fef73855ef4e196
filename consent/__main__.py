"""The command line: `python -m consent decide FILE.json`, `categories`, and `texts FILE.toml`."""

from __future__ import annotations

import argparse
import json
import re
import sys
import tomllib
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from consent.categories import reference_page
from consent.decide import decide
from consent.fhir import BadJson, parse, read
from consent.model import Decision, Request
from consent.moments import instant
from consent.texts import digest

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class BadInput(ValueError):
    """The question cannot be read; names the field."""


def question(value: object) -> tuple[list[Any], Request, datetime]:
    """The consents, the request and the moment of a parsed question; BadInput names what is wrong."""
    if not isinstance(value, dict):
        raise BadInput("the question: must be a JSON object")
    consents, request = value.get("consents"), value.get("request")
    if not isinstance(consents, list):
        raise BadInput("consents: must be a list")
    if not isinstance(request, dict):
        raise BadInput("request: must be an object")
    words = {name: request.get(name) for name in ("person", "recipient", "purpose", "category", "day")}
    for name, word in words.items():
        if not isinstance(word, str) or not word:
            raise BadInput(f"request.{name}: must be a text that is not empty")
    try:
        now = instant(value.get("now"))
    except ValueError as problem:
        raise BadInput(f"now: {problem}") from None
    texts = {name: str(word) for name, word in words.items()}
    person = texts["person"].removeprefix("Patient/")
    own = texts["recipient"] == person
    return (
        consents,
        Request(
            person,
            f"Patient/{person}" if own else texts["recipient"],
            texts["purpose"],
            texts["category"],
            _day(texts["day"]),
        ),
        now,
    )


def _day(text: str) -> date:
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise BadInput("request.day: must be a civil day such as 2026-04-01")


def answer(decision: Decision) -> dict[str, str | None]:
    """The decision as the contract prints it."""
    return {
        "decision": "permit" if decision.permit else "deny",
        "reason": decision.reason,
        "consent": decision.consent,
        "provision": decision.provision,
    }


def _decide(file: str) -> dict[str, str | None]:
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as problem:
        raise BadInput(f"the file: cannot be read ({problem.strerror})") from None
    try:
        consents, request, now = question(parse(content))
    except BadJson as problem:
        raise BadInput(f"the question: {problem}") from None
    return answer(decide([read(each) for each in consents], request, now))


def _signed(file: str) -> str:
    """The number that a file of texts is signed off with."""
    try:
        return digest(tomllib.loads(Path(file).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        raise BadInput("the file: is no readable TOML") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command: 0 answered, 1 the question is bad; argparse leaves with 2 on wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m consent", description="Who may see what, and why.")
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("decide", help="decide a request over FHIR Consents, as JSON")
    one.add_argument(
        "file", help='{"consents": [...], "request": {...}, "now": "..."}; - reads standard input'
    )
    one.add_argument(
        "--json", action="store_true", help="accepted everywhere; the answer is JSON in any case"
    )
    commands.add_parser("categories", help="print the reference page of the categories")
    texts = commands.add_parser("texts", help="print the sha256 with which a file of texts is signed off")
    texts.add_argument("file")
    given = parser.parse_args(arguments)
    if given.command == "categories":
        sys.stdout.write(reference_page())
        return 0
    try:
        print(_signed(given.file) if given.command == "texts" else json.dumps(_decide(given.file)))
    except BadInput as problem:
        print(f"consent: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
