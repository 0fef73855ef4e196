"""Dice without state: the same seed, person, purpose and index always give the same number (splitmix64)."""

from __future__ import annotations

import zlib
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX: Final = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))


def _scramble(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    for shift, factor in _MIX:
        words = (words ^ (words >> np.uint64(shift))) * np.uint64(factor)
    return words ^ (words >> np.uint64(31))


@cache
def _salt(purpose: str) -> int:
    return zlib.crc32(purpose.encode())


def stream(seed: int, person: int, purpose: str) -> np.uint64:
    """The key of one person's dice for one purpose."""
    word = (seed * 0x1_0000_0001 + person * 0x9E37_79B9 + _salt(purpose) * 0x85EB_CA77) & (2**64 - 1)
    return np.uint64(_scramble(np.array([word], dtype=np.uint64))[0])


def rolls(key: np.uint64, indexes: npt.NDArray[Any]) -> Floats:
    """One uniform number in [0, 1) for each index."""
    words = _scramble(indexes.astype(np.int64).view(np.uint64) * _GOLDEN + key)
    return (words >> np.uint64(11)).astype(np.float64) / float(1 << 53)


def roll(key: np.uint64, index: int) -> float:
    """One uniform number."""
    return float(rolls(key, np.array([index], dtype=np.int64))[0])
