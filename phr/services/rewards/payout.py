"""Payout: the platform of the currency is told by a file and answers by one; the counter can answer in its place."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from phr.domain.access import machine
from phr.domain.days import day_at
from phr.domain.exchange import pay_until, rules_of
from phr.errors import Invalid
from phr.services.rewards.moves import Answered, Moves
from phr.services.rewards.wallets import Wallets
from phr.store.uow import Store

_HEAD: Final = ("reference", "wallet", "amount", "pay_until")
_ANSWER: Final = ("reference", "result", "receipt")
_LONGEST: Final = 80
_MOST: Final = 5_000_000  # characters of a file


class PayoutPort(Protocol):
    """What any way to the platform takes: the lines to pay, each by its reference, of which one counts once."""

    def file(self, *, actor: str, request: str, again: bool = False) -> PayoutFile:
        """The lines."""


@dataclass(frozen=True, slots=True)
class PayoutFile:
    """A file for the platform. left_out: requests of people who have no wallet any more."""

    text: str
    lines: int
    points: int
    left_out: int


class Payout:
    """Files to and from a platform without an interface. A reference names a request; the platform pays each once."""

    def __init__(self, store: Store, zone: ZoneInfo, recipient: str, moves: Moves, wallets: Wallets) -> None:
        self._store = store
        self._zone = zone
        self._recipient = recipient
        self._moves = moves
        self._wallets = wallets

    def file(self, *, actor: str, request: str, again: bool = False) -> PayoutFile:
        """The requests that the platform was not told of; ``again``: also those that it has not answered."""
        with self._store.begin(machine(self._recipient, "deliver", request, part=actor)) as uow:
            found = uow.rewards.in_state(("pending", "sent") if again else ("pending",), "exchange")
            uow.commit()
        rows, left_out = [], 0
        for person, identity in found:
            row = self._line(person, identity, actor, request)
            left_out += row is None
            rows += [] if row is None else [row]
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(_HEAD)
        writer.writerows(rows)
        return PayoutFile(out.getvalue(), len(rows), sum(row[2] for row in rows), left_out)

    def _line(
        self, person: UUID, identity: UUID, actor: str, request: str
    ) -> tuple[str, str, int, str] | None:
        """One line; the state says "sent" before anybody outside can know of it."""
        with self._store.begin(machine(self._recipient, "deliver", request, person, part=actor)) as uow:
            wallet = uow.rewards.wallet(person)
            uow.commit()
        if wallet is None:
            return None
        self._moves.send(person, identity, actor=actor, request=request)
        with self._store.begin(machine(self._recipient, "deliver", request, person, part=actor)) as uow:
            move = uow.rewards.move(person, identity)
            uow.audit.add("disclose", "exchange", person, count=1)
            uow.commit()
        if move is None or move.state != "sent":
            return None
        last: date = pay_until(day_at(move.updated_at, self._zone), rules_of())
        return str(identity), self._wallets.number(wallet), move.amount, last.isoformat()

    def acknowledge(self, text: str, *, actor: str, request: str) -> Mapping[str, int]:
        """Reads the platform's answers; says how many were noted, repeated, too late or unknown.

        A line that cannot be read stops nothing before it: Invalid names its number, and the same file can be given
        again, since a repeated answer changes nothing.
        """
        if len(text) > _MOST:
            raise Invalid("is too large", field="file")
        reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
        found: Counter[str] = Counter()
        try:
            if tuple(next(reader, ())) != _ANSWER:
                raise Invalid("must begin with reference,result,receipt", field="line 1")
            for row in reader:
                found[self._one(row, reader.line_num, actor, request).outcome] += 1
        except csv.Error:
            raise Invalid("is not CSV", field=f"line {reader.line_num}") from None
        return dict(found)

    def _one(self, row: list[str], line: int, actor: str, request: str) -> Answered:
        if len(row) != len(_ANSWER) or len(row[2]) > _LONGEST or row[1] not in ("paid", "refused"):
            raise Invalid("must be reference, paid or refused, and a receipt", field=f"line {line}")
        try:
            identity = UUID(row[0])
        except ValueError:
            raise Invalid("the reference is none of ours", field=f"line {line}") from None
        return self._moves.answer(identity, row[1], receipt=row[2], actor=actor, request=request)
