"""Use cases that are counted and timed for whoever watches: the same rules, and a figure of how it went."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from time import perf_counter
from typing import Any, Final

from phr import tracing
from phr.metrics import ALARM_SECONDS, LETTER_SECONDS, SAMPLES, WITHDRAWAL_SECONDS
from phr.services.consents import Consents, Recorded
from phr.services.receive import Receipt, Receive

_ONE_BY_ONE: Final = ("stored", "repeated", "corrected", "quarantined", "refused")


class CountedReceive(Receive):
    """Deliveries, counted by what became of each sample; those that raise an alarm are timed until they are durable."""

    def __call__(self, *given: Any, **more: Any) -> Receipt:
        """As Receive."""
        began = perf_counter()
        receipt = super().__call__(*given, **more)
        _count(receipt)
        if receipt.warnings:
            ALARM_SECONDS.observe(perf_counter() - began)
        return receipt

    def within(self, *given: Any, **more: Any) -> Receipt:
        """As Receive; counted when it is written, also where the larger transaction is undone after that."""
        receipt = super().within(*given, **more)
        _count(receipt)
        return receipt


def _count(receipt: Receipt) -> None:
    for name in _ONE_BY_ONE:
        if number := getattr(receipt, name):
            SAMPLES.labels(name).inc(number)
    if receipt.conflicts:
        SAMPLES.labels("conflict").inc(receipt.conflicts)
    if receipt.documents:
        SAMPLES.labels("document").inc(receipt.documents)
    if receipt.rejected:
        SAMPLES.labels("rejected").inc(sum(receipt.rejected.values()))


class TimedConsents(Consents):
    """Consents, whose withdrawals are timed: from the call to the moment when nothing reads on."""

    def record(self, *given: Any, **more: Any) -> Recorded:
        """As Consents; every way to withdraw comes through here."""
        began = perf_counter()
        done = super().record(*given, **more)
        if done.status != "active":
            WITHDRAWAL_SECONDS.observe(perf_counter() - began)
        return done


def timed(ways: Mapping[str, Callable[..., Any]]) -> dict[str, Any]:
    """The same ways out by kind of letter; each attempt is timed, and a span where spans are made."""
    return {kind: _timed(kind, send) for kind, send in ways.items()}


def _timed(kind: str, send: Callable[..., Any]) -> Callable[..., Any]:
    seconds = LETTER_SECONDS.labels(kind)

    @wraps(send)
    def sent(*given: Any) -> Any:
        with seconds.time(), tracing.span("deliver", phr__kind=kind):
            return send(*given)

    return sent
