"""Values in units: UCUM codes compared by a kept library, each pair of units worked out once."""

from __future__ import annotations

import math
from decimal import Context, Decimal
from functools import cache, lru_cache
from typing import Any, Final

UCUM: Final = "http://unitsofmeasure.org"
_EXACT: Final = Context(prec=12)  # digits that survive a conversion: 98.6 [degF] is 37, not 37.00000000000006


@cache
def _registry() -> Any:
    """The library's table of units; it takes seconds to build, so it waits for the first search that needs it."""
    from ucumvert import (  # type: ignore[import-untyped] # noqa: PLC0415 - untyped; seconds to import, seldom needed
        PintUcumRegistry,
    )

    return PintUcumRegistry()


@lru_cache(maxsize=4096)
def linear(code: str, wanted: str) -> tuple[Decimal, Decimal] | None:
    """Factor and shift from one unit to another; None where they do not measure the same, or are no UCUM."""
    if len(code) > 64 or len(wanted) > 64:
        return None
    units = _registry()
    try:
        source, target = units.from_ucum(code), units.from_ucum(wanted)
        zero, one, two = (
            float(units.Quantity(number, source.units).to(target.units).magnitude)
            for number in (0.0, 1.0, 2.0)
        )
        scale = float(source.magnitude) / float(target.magnitude)
    except Exception:  # noqa: BLE001 - two libraries and their parser raise what they like for text that is no unit
        return None
    if not math.isclose(two - one, one - zero, rel_tol=1e-9):  # a logarithm; not a number is close to nothing
        return None
    if zero:  # a temperature: its zero is elsewhere
        return _decimal(one - zero), _decimal(zero)
    return _decimal(one * scale), Decimal(0)


def converted(value: Decimal, code: str, wanted: str) -> Decimal | None:
    """A value in another unit; None where there is no way. Who has the same unit need not ask."""
    found = linear(code, wanted)
    if found is None:
        return None
    return _EXACT.plus(_EXACT.multiply(value, found[0]) + found[1])


def _decimal(number: float) -> Decimal:
    return Context(prec=15).create_decimal(repr(number))
