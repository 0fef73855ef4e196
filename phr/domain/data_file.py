"""Reads a table of this package: rules and codes that a city can read and approve are TOML files beside the code."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any


def data_file(name: str) -> Mapping[str, Any]:
    """What ``phr/domain/NAME`` holds."""
    found: Mapping[str, Any] = tomllib.loads(resources.files("phr.domain").joinpath(name).read_text("utf-8"))
    return found
