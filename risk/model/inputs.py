"""What the model reads: names, units, demanded directions and the order of the variants, from inputs.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Final

from risk.errors import BadLimits

FILE: Final = "inputs.toml"
DIRECTIONS: Final = ("up", "down", "free")


@dataclass(frozen=True, slots=True)
class Input:
    """One input. steps: the words of its codes, where it has codes. change: the step that is shown, if any."""

    name: str
    ja: str
    en: str
    unit: str
    unit_en: str
    direction: str
    decimals: int
    needed: bool = False
    blood: bool = False
    refuse_at: float | None = None
    steps: tuple[str, ...] = ()
    steps_en: tuple[str, ...] = ()
    change: Mapping[str, float] = field(default_factory=dict)

    def shown(self, value: float, language: str) -> str:
        """The value as a result sheet shows it, with its unit."""
        if self.steps:
            return (self.steps if language == "ja" else self.steps_en)[int(value)]
        unit = self.unit if language == "ja" else self.unit_en
        return f"{value:.{self.decimals}f} {unit}".rstrip()


@dataclass(frozen=True, slots=True)
class VariantInputs:
    """A variant: the inputs it reads and those that must be there for it (all of ``all``, or any of ``any``)."""

    name: str
    inputs: tuple[str, ...]
    all: tuple[str, ...] = ()
    any: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Inputs:
    """The whole file."""

    input: Mapping[str, Input]
    variants: tuple[VariantInputs, ...]
    stand_in: Mapping[str, str]
    unused: Mapping[str, str]


@cache
def standard() -> Inputs:
    """The inputs as shipped."""
    return parse(resources.files("risk.model").joinpath(FILE).read_text(encoding="utf-8"))


def parse(text: str) -> Inputs:
    """The inputs of a TOML text; refused as a whole when a name or a direction is unknown."""
    raw = tomllib.loads(text)
    found = {}
    for name, value in raw["input"].items():
        words = {key: tuple(value[key]) for key in ("steps", "steps_en") if key in value}
        found[name] = Input(name=name, **{**value, **words})
        if found[name].direction not in DIRECTIONS:
            raise BadLimits("is none of up, down, free", file=FILE, key=f"input.{name}.direction")
    variants = tuple(
        VariantInputs(v["name"], tuple(v["inputs"]), tuple(v.get("all", ())), tuple(v.get("any", ())))
        for v in raw["variant"]
    )
    for variant in variants:
        if unknown := {*variant.inputs, *variant.all, *variant.any} - set(found):
            raise BadLimits(
                f"names an unknown input {min(unknown)}", file=FILE, key=f"variant.{variant.name}"
            )
    if variants[-1].all or variants[-1].any:
        raise BadLimits("asks for inputs, so that some people have no variant", file=FILE, key="variant")
    return Inputs(found, variants, raw["stand_in"], raw["unused"])
