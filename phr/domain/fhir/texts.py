"""FHIR JSON in and out: decimals to the last digit as they were written, instants as FHIR writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from phr.errors import Invalid

_DIGITS: Final = 400  # of a number, and powers of ten: more is no measurement but an attack on arithmetic


def _decimal(text: str) -> Decimal:
    """A number as it was written."""
    found = Decimal(text) if len(text) <= _DIGITS else Decimal("NaN")
    if not found.is_finite() or abs(found.adjusted()) > _DIGITS:
        raise ValueError("a number out of bounds")
    return found


_DECODER: Final = msgspec.json.Decoder(float_hook=_decimal)
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


def parse_any(body: bytes) -> Any:
    """JSON with its decimals as they were written. Raises Invalid."""
    try:
        return _DECODER.decode(body)
    except (msgspec.DecodeError, RecursionError, ValueError, ArithmeticError) as error:
        raise Invalid("not valid JSON", field="body") from error


def parse(body: bytes) -> dict[str, Any]:
    """A JSON object with its decimals as they were written. Raises Invalid."""
    found = parse_any(body)
    if not isinstance(found, dict):
        raise Invalid("expected a JSON object", field="body")
    return found


def dump(resource: dict[str, Any]) -> str:
    """JSON with decimals as they came."""
    return _ENCODER.encode(resource).decode()


def instant(moment: datetime) -> str:
    """A FHIR instant."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
