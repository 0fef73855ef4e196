"""Codes of a guidance report: which item stands in which section, with which answers and bounds."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

from phr.domain.guidance.editions import RulesError


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One item: a coded answer of a list, or a number with a unit and a range."""

    section: str
    name: str
    system: Literal["official", "local"]
    code: str = ""
    list: str = ""
    answers: tuple[str, ...] = ()
    unit: str = ""
    range: tuple[float, float] | None = None
    decimals: int = 0
    required: tuple[str, ...] = ()


class Codes(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything of items.toml."""

    local_oid: str
    local_url: str
    official_oid: str
    report: Mapping[str, str]
    level: Mapping[str, str]
    licence: Mapping[str, str]
    form: Mapping[str, str]
    lists: Mapping[str, str]
    section: Mapping[str, str]
    item: Mapping[str, Item]

    def code_of(self, name: str) -> tuple[str, str]:
        """The code of an item and the OID of its system; our own name where the official one is not known."""
        found = self.item[name]
        return (found.code, self.official_oid) if found.system == "official" else (name, self.local_oid)

    def named(self, code: str, system: str) -> str:
        """The name of the item with this code; empty when there is none."""
        return next((name for name in self.item if self.code_of(name) == (code, system)), "")


def parse(text: str) -> Codes:
    """The codes of a file, or one error that names the place."""
    try:
        found = msgspec.convert(tomllib.loads(text), Codes)
    except tomllib.TOMLDecodeError:
        raise RulesError("not TOML") from None
    except msgspec.ValidationError as error:
        raise RulesError(str(error)) from None
    for name, item in found.item.items():
        if (item.system == "official") != bool(item.code):
            raise RulesError(f"item.{name}: an official item has a code, a local one has none")
        if bool(item.list) == (item.range is not None) or bool(item.list) != bool(item.answers):
            raise RulesError(f"item.{name}: either a list with answers, or a range")
        if item.section not in found.section:
            raise RulesError(f"item.{name}: unknown section")
    if len({found.code_of(name) for name in found.item}) != len(found.item):
        raise RulesError("item: a code twice")
    return found


@cache
def codes() -> Codes:
    """The codes in this package."""
    return parse(files("phr.domain.guidance").joinpath("items.toml").read_text("utf-8"))
