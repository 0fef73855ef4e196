"""Wording: what a text to residents must not say, and how long an easy sentence may be."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Final

_EASY_LONGEST: Final = 34  # signs in one sentence of やさしい日本語, spaces not counted (DESIGN)
_DIGITS: Final = re.compile(r"\d+(\.\d+)?\s*(mmHg|mg/dL|kg|bpm|%|歩|steps)")


@cache
def forbidden() -> dict[str, tuple[str, ...]]:
    """The words by language; easy Japanese has those of Japanese."""
    text = files("phr.domain.messages").joinpath("wording.toml").read_text(encoding="utf-8")
    found = {language: tuple(table["never"]) for language, table in tomllib.loads(text).items()}
    return {**found, "easy": found["ja"]}


def problems(text: str, language: str) -> list[str]:
    """What is wrong with a text: a forbidden word, a value with its unit, an easy sentence that is not easy."""
    plain = text.lower()
    found = [f"says {word!r}" for word in forbidden()[language] if word in plain]
    if _DIGITS.search(text):
        found.append("holds a value")
    if language == "easy":
        found += [
            "a sentence is too long"
            for one in re.split("[。！？]", text)
            if len(one.replace(" ", "")) > _EASY_LONGEST
        ]
    return found
