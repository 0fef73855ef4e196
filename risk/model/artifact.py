"""The trained model as a file: plain JSON tables, known by its hash, refused when a single byte differs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from risk.errors import RiskError

Values = npt.NDArray[np.float64]

MODEL: Final = "diabetes-onset"
FORMAT: Final = 1
MODEL_FILE: Final = "diabetes-onset.json"
MANIFEST_FILE: Final = "manifest.json"


class BadArtifact(RiskError):
    """The file of a trained model cannot be used; names the file."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What one input adds to the logarithm of the hazard: straight lines between knots, flat beyond the outer ones.

    spread: the same lines in the few directions in which the bootstrap moved the whole model.
    """

    knots: Values
    levels: Values
    spread: Values
    missing: float
    missing_spread: Values


@dataclass(frozen=True, slots=True)
class Variant:
    """One additive model. base: the logarithm of the average cumulative hazard over the horizon."""

    name: str
    base: float
    base_spread: Values
    shapes: Mapping[str, Shape]
    penalty: float
    slope: float


@dataclass(frozen=True, slots=True)
class Model:
    """The artifact as loaded. lines: (input, sex) -> intercept and slope on its stand-in."""

    version: str
    horizon_years: float
    trained: Mapping[str, Any]
    ranges: Mapping[str, tuple[float, float]]
    lines: Mapping[str, tuple[tuple[float, float], tuple[float, float]]]
    variants: Mapping[str, Variant]
    drift: Mapping[str, tuple[Values, Values]]


def digest(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


@cache
def shipped() -> Model:
    """The model that this package brings, checked against its manifest."""
    folder = resources.files("risk.model").joinpath("artifact")
    try:
        manifest = json.loads(folder.joinpath(MANIFEST_FILE).read_bytes())
        content, known = folder.joinpath(MODEL_FILE).read_bytes(), manifest["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadArtifact(f"{MANIFEST_FILE}: names no model") from error
    return parse(content, str(known), MODEL_FILE)


def load(folder: Path) -> Model:
    """A model from a folder that ``train`` wrote."""
    try:
        content = (folder / MODEL_FILE).read_bytes()
        manifest = json.loads((folder / MANIFEST_FILE).read_bytes())
    except (OSError, ValueError) as error:
        raise BadArtifact(f"{folder.name}: holds no model") from error
    known = manifest.get("sha256") if isinstance(manifest, dict) else None
    return parse(content, str(known), MODEL_FILE)


def parse(content: bytes, sha256: str, file: str) -> Model:
    """The model in these bytes, if they are the ones that the hash names."""
    if digest(content) != sha256:
        raise BadArtifact(f"{file}: is not the file that its manifest names")
    try:
        raw = json.loads(content)
        if raw["format"] != FORMAT or raw["name"] != MODEL:
            raise BadArtifact(f"{file}: is a model of another kind")
        return Model(
            version=raw["version"],
            horizon_years=float(raw["horizon_years"]),
            trained=raw["trained"],
            ranges={name: (float(low), float(high)) for name, (low, high) in raw["ranges"].items()},
            lines={name: (tuple(f), tuple(m)) for name, (f, m) in raw["lines"].items()},
            variants={value["name"]: _variant(value) for value in raw["variants"]},
            drift={n: (np.array(d["edges"]), np.array(d["share"])) for n, d in raw["drift"].items()},
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadArtifact(f"{file}: is not complete") from error


def _variant(raw: Mapping[str, Any]) -> Variant:
    shapes = {
        name: Shape(
            knots=np.array(s["knots"], dtype=np.float64),
            levels=np.array(s["levels"], dtype=np.float64),
            spread=np.array(s["spread"], dtype=np.float64),
            missing=float(s["missing"]),
            missing_spread=np.array(s["missing_spread"], dtype=np.float64),
        )
        for name, s in raw["shapes"].items()
    }
    spread = np.array(raw["base_spread"], dtype=np.float64)
    return Variant(
        raw["name"], float(raw["base"]), spread, shapes, float(raw["penalty"]), float(raw["slope"])
    )


def content(model: Model) -> bytes:
    """The bytes of a model: keys in order and rounded numbers, so that the same training gives the same file."""
    raw = {
        "format": FORMAT,
        "name": MODEL,
        "version": model.version,
        "horizon_years": model.horizon_years,
        "trained": dict(model.trained),
        "ranges": {name: list(ends) for name, ends in model.ranges.items()},
        "lines": {name: [_rounded(line) for line in lines] for name, lines in model.lines.items()},
        "variants": [_plain(variant) for variant in model.variants.values()],
        "drift": {n: {"edges": _rounded(e), "share": _rounded(s)} for n, (e, s) in model.drift.items()},
    }
    return (json.dumps(raw, ensure_ascii=True, separators=(",", ":")) + "\n").encode("ascii")


def _plain(variant: Variant) -> dict[str, Any]:
    return {
        "name": variant.name,
        "base": round(variant.base, 5),
        "base_spread": _rounded(variant.base_spread),
        "penalty": variant.penalty,
        "slope": round(variant.slope, 5),
        "shapes": {
            name: {
                "knots": _rounded(s.knots),
                "levels": _rounded(s.levels),
                "spread": [_rounded(row) for row in s.spread],
                "missing": round(s.missing, 5),
                "missing_spread": _rounded(s.missing_spread),
            }
            for name, s in variant.shapes.items()
        },
    }


def _rounded(values: Any) -> list[float]:
    return [round(float(value), 5) + 0.0 for value in values]
