"""Gifts of points to neighbourhood associations: the city's list, and the amounts that can be given."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from phr.errors import Invalid

_CODE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class ListError(ValueError):
    """The list is wrong; names the place."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """One association. ended: gifts are taken no more, its name stays on statements."""

    code: str
    names: Mapping[str, str]
    ended: bool


@dataclass(frozen=True, slots=True)
class Giving:
    """The table giving.toml."""

    minimum: int
    step: int
    most: int
    to: Mapping[str, Receiver]

    def open(self) -> list[Receiver]:
        """To whom one can give now."""
        return [one for one in self.to.values() if not one.ended]

    def checked(self, code: str, amount: int, usable: int) -> None:
        """Invalid, with the field, for what cannot be given."""
        if code not in self.to or self.to[code].ended:
            raise Invalid("is not on the list", field="to")
        if amount < self.minimum or amount % self.step or amount > self.most:
            raise Invalid("must be from the minimum to the most, in steps", field="amount")
        if amount > usable:
            raise Invalid("more than there is", field="amount")


def parse(text: str) -> Giving:
    """The list of a file, or one error that names the place."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise ListError("not TOML") from None
    numbers = {name: raw.get(name) for name in ("minimum", "step", "most")}
    if set(raw) != {*numbers, "to"} or not all(type(n) is int and n > 0 for n in numbers.values()):
        raise ListError("file: minimum, step, most and to are needed")
    found: dict[str, Receiver] = {}
    for row in raw["to"]:
        one = _receiver(row)
        if one.code in found:
            raise ListError("to.code: twice")
        found[one.code] = one
    return Giving(raw["minimum"], raw["step"], raw["most"], found)


def _receiver(row: Mapping[str, object]) -> Receiver:
    code, ended = row.get("code"), row.get("ended", False)
    names = {locale: row.get(locale) for locale in ("ja", "en")}
    if set(row) - {"code", "ended", "ja", "en"} or not isinstance(ended, bool):
        raise ListError("to: a key that is not known")
    if not isinstance(code, str) or _CODE.fullmatch(code) is None:
        raise ListError("to.code: not of the right form")
    texts = {locale: name for locale, name in names.items() if isinstance(name, str) and 0 < len(name) <= 60}
    if len(texts) != len(names):
        raise ListError("to: a name is missing or too long")
    return Receiver(code, texts, ended)


@cache
def giving() -> Giving:
    """The list in this package."""
    return parse(files("phr.domain").joinpath("giving.toml").read_text("utf-8"))
