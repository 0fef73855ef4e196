"""The texts that people agree to: versions that never change, and until when consents under an earlier one still count."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from consent.moments import CITY, end_of_day
from consent.purposes import PURPOSES
from consent.vocabulary import BadTable, Text, rows, text

NOTICE: Final = timedelta(days=30)
"""At least so long before a text stops counting, people can read the new one and answer."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What is said about one purpose. asks_again: the last day on which earlier texts count; None changes no meaning."""

    purpose: str
    countries: tuple[str, ...]
    use: Text
    keep: Text
    asks_again: date | None


@dataclass(frozen=True, slots=True)
class Edition:
    """One version of the texts."""

    version: str
    valid_from: date
    sha256: str
    statements: Mapping[str, Statement]


@dataclass(frozen=True, slots=True)
class Texts:
    """Every version, oldest first."""

    editions: tuple[Edition, ...]

    def on(self, day: date) -> Edition:
        """The version that is shown on a day; the first one before its day."""
        begun = [each for each in self.editions if each.valid_from <= day]
        return begun[-1] if begun else self.editions[0]

    def known(self, version: str) -> Edition | None:
        """The version of that name."""
        return next((each for each in self.editions if each.version == version), None)

    def end(self, version: str | None, purpose: str, zone: tzinfo = CITY) -> datetime | None:
        """The first instant at which a permit under that version no longer counts for a purpose; None while it does.

        A version of no file is taken for one before all files: nobody can show that it said the same.
        """
        days = self._asked_again(version, purpose)
        return end_of_day(min(days), zone) if days else None

    def asks(self, version: str | None, purpose: str, day: date) -> bool:
        """Whether somebody who agreed under that version is asked again on a day."""
        return bool(self._asked_again(version, purpose, day))

    def ended(self, version: str | None, purpose: str, now: datetime) -> bool:
        """Whether a permit under that version no longer counts for a purpose now."""
        end = self.end(version, purpose)
        return end is not None and end <= now

    def _asked_again(self, version: str | None, purpose: str, shown: date = date.max) -> list[date]:
        place = next((n for n, each in enumerate(self.editions) if each.version == version), -1)
        found = (
            each.statements.get(purpose) for each in self.editions[place + 1 :] if each.valid_from <= shown
        )
        return [each.asks_again for each in found if each is not None and each.asks_again is not None]


def digest(raw: Mapping[str, Any]) -> str:
    """SHA-256 over everything that a file says, but for the line that holds this number."""
    content = {name: part for name, part in raw.items() if name != "sha256"}
    words = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(words.encode()).hexdigest()


def _day(value: object, where: str) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise BadTable(f"{where}: must be a day such as 2026-04-01") from None


def edition(raw: Mapping[str, Any]) -> Edition:
    """One version of a parsed file; BadTable where it says too little, or was changed after it was signed off."""
    version = str(raw.get("version", ""))
    begins = _day(raw.get("valid_from"), f"{version}.valid_from")
    statements = {
        key: _statement(version, key, row, begins) for key, row in rows(raw.get("purpose"), "purpose")
    }
    if not version or set(statements) != set(PURPOSES) - {"self"}:
        raise BadTable(f"{version or 'version'}: needs a version and a statement for every purpose")
    if raw.get("sha256") != digest(raw):
        raise BadTable(f"{version}.sha256: the text is not the one that was signed off")
    return Edition(version, begins, digest(raw), MappingProxyType(statements))


def _statement(version: str, key: str, row: Mapping[str, Any], begins: date) -> Statement:
    where = f"{version}.{key}"
    again = None if "asks_again" not in row else _day(row["asks_again"], f"{where}.asks_again")
    if again is not None and again < begins + NOTICE:
        raise BadTable(f"{where}.asks_again: leaves less than {NOTICE.days} days to answer")
    countries = tuple(str(each) for each in row.get("countries", ()))
    if not countries:
        raise BadTable(f"{where}.countries: must say where the data are")
    return Statement(
        key, countries, text(row.get("use"), f"{where}.use"), text(row.get("keep"), f"{where}.keep"), again
    )


def load(raws: Iterable[Mapping[str, Any]]) -> Texts:
    """The versions of parsed files."""
    editions = tuple(sorted((edition(raw) for raw in raws), key=lambda each: each.valid_from))
    if not editions or len({each.version for each in editions}) != len(editions):
        raise BadTable("texts: there is none, or one version twice")
    if len({each.valid_from for each in editions}) != len(editions):
        raise BadTable("texts: two versions begin on one day")
    return Texts(editions)


def _files() -> list[dict[str, Any]]:
    folder = resources.files("consent").joinpath("texts")
    return [
        tomllib.loads(each.read_text(encoding="utf-8"))
        for each in sorted(folder.iterdir(), key=lambda each: each.name)
        if each.name.endswith(".toml")
    ]


TEXTS: Final = load(_files())
