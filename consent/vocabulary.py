"""Reads the word tables of this package and refuses them when a word is missing, doubled or unreadable."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

LANGUAGES: Final = ("ja", "en", "easy")
"""``easy`` is やさしい日本語."""

Text = Mapping[str, str]
"""One text in each of LANGUAGES."""


class BadTable(ValueError):
    """A word table of this package is wrong; the service must not start with it."""


def table(name: str) -> dict[str, Any]:
    """The parsed TOML file of that name inside this package."""
    return tomllib.loads(resources.files("consent").joinpath(name).read_text(encoding="utf-8"))


def text(value: object, where: str) -> Text:
    """One text in every language; an empty or missing one is refused."""
    if not isinstance(value, dict) or set(value) != set(LANGUAGES):
        raise BadTable(f"{where}: needs exactly {', '.join(LANGUAGES)}")
    if not all(isinstance(words, str) and words.strip() for words in value.values()):
        raise BadTable(f"{where}: a text is empty")
    return MappingProxyType(dict(value))


def rows(value: object, where: str) -> Sequence[tuple[str, dict[str, Any]]]:
    """The tables of an array with their keys; a key given twice is refused."""
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise BadTable(f"{where}: must be an array of tables")
    keyed = [(str(row.get("key", "")), row) for row in value]
    keys = [key for key, _ in keyed]
    if "" in keys or len(set(keys)) != len(keys):
        raise BadTable(f"{where}: a key is missing or given twice")
    return keyed
