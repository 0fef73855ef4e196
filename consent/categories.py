"""Kinds of data: which codes fall under which category, and how a resident reads its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from consent.vocabulary import BadTable, Text, rows, table, text

SYSTEM: Final = "urn:phr:category"
"""The code system of categories in ``Consent.provision.code``."""

TYPES: Final = "http://hl7.org/fhir/resource-types"
"""The system under which a FHIR document without a listed code is filed by its type."""


@dataclass(frozen=True, slots=True)
class Category:
    """One kind of data; ``codes`` and ``prefixes`` are pairs of system and code."""

    key: str
    name: Text
    sentence: Text
    codes: tuple[tuple[str, str], ...]
    prefixes: tuple[tuple[str, str], ...]


def _pairs(value: object, systems: Mapping[str, str], where: str) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, list):
        raise BadTable(f"{where}: must be a list")
    pairs = []
    for entry in value:
        system, bar, code = str(entry).partition("|")
        if not bar or not code or system not in systems:
            raise BadTable(f"{where}: an entry is not a known system, a bar and a code")
        pairs.append((systems[system], code))
    return tuple(pairs)


def load(raw: Mapping[str, Any]) -> dict[str, Category]:
    """The categories of a parsed categories.toml; a code of two categories is refused."""
    systems = raw.get("system", {})
    categories = {
        key: Category(
            key,
            text(row.get("name"), f"{key}.name"),
            text(row.get("sentence"), f"{key}.sentence"),
            _pairs(row.get("codes"), systems, f"{key}.codes"),
            _pairs(row.get("prefixes", []), systems, f"{key}.prefixes"),
        )
        for key, row in rows(raw.get("category"), "category")
    }
    for kind in ("codes", "prefixes"):
        pairs = [pair for category in categories.values() for pair in getattr(category, kind)]
        if len(set(pairs)) != len(pairs):
            raise BadTable(f"category: one of the {kind} is given twice")
    return categories


CATEGORIES: Final[Mapping[str, Category]] = MappingProxyType(load(table("categories.toml")))
_CODES: Final = {pair: key for key, category in CATEGORIES.items() for pair in category.codes}
_PREFIXES: Final = {pair: key for key, category in CATEGORIES.items() for pair in category.prefixes}
_LENGTHS: Final = sorted({len(prefix) for _, prefix in _PREFIXES}, reverse=True)


def category_of(system: str, code: str) -> str | None:
    """The category of one code; None means that it is in no group and is never shared.

    >>> category_of("http://loinc.org", "8867-4")
    'heart'
    """
    found = _CODES.get((system, code))
    if found is not None:
        return found
    for length in _LENGTHS:
        found = _PREFIXES.get((system, code[:length]))
        if found is not None:
            return found
    return None


def category_of_concept(codings: Iterable[tuple[str, str]]) -> str | None:
    """The category of a concept that carries several codings, each a pair of system and code.

    A check-up item is a check-up item, although its LOINC translation is that of a home measurement.
    Codings that name two other kinds contradict each other: such a concept is in no group.
    """
    found = {category_of(system, code) for system, code in codings} - {None}
    if "checkup" in found:
        return "checkup"
    return found.pop() if len(found) == 1 else None


def reference_page() -> str:
    """The page docs/reference/categories.md, written from the table."""
    lines = [
        "---",
        "audience: residents, nurses, developers",
        "type: reference",
        "---",
        "",
        "# Categories of data",
        "",
        "What a consent can name, and the codes that fall under it. A code in no category is never shared.",
        "Written by `python -m consent categories` from `consent/categories.toml`; a test compares them.",
        "",
        "| key | ja | en | やさしい日本語 |",
        "|---|---|---|---|",
    ]
    for key, category in CATEGORIES.items():
        name, words = category.name, category.sentence
        cells = (f"{name[tongue]}: {words[tongue]}" for tongue in ("ja", "en", "easy"))
        lines.append(f"| `{key}` | {' | '.join(cells)} |")
    for key, category in CATEGORIES.items():
        lines += ["", f"## {key}", "", "| system | codes |", "|---|---|"]
        codes = [*category.codes, *((system, f"{prefix}…") for system, prefix in category.prefixes)]
        for system in dict.fromkeys(system for system, _ in codes):
            lines.append(
                f"| `{system}` | {', '.join(f'`{code}`' for each, code in codes if each == system)} |"
            )
    return "\n".join(lines) + "\n"
