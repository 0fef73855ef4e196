"""Points on their way out of a resident's lots: the states of an exchange, a gift or an end, and what the ledger is told."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final
from uuid import UUID

from phr.domain.ledger import Order, Posting
from phr.domain.lots import LotsError, last_day, spend
from phr.errors import Invalid

PENDING: Final = "exchange:pending"
DONE: Final = "exchange:done"
OPEN: Final = ("requested", "pending", "sent", "settling", "returning")
ENDED: Final = ("done", "returned", "refused")
KINDS: Final = ("exchange", "gift", "expiry")
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_WALLET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{5,39}", re.ASCII)
_NEXT: Final[Mapping[tuple[str, str], str]] = {
    ("requested", "held"): "pending",
    ("requested", "no-funds"): "refused",
    ("pending", "sent"): "sent",
    ("pending", "paid"): "settling",
    ("pending", "refused"): "returning",
    ("pending", "cancelled"): "returning",
    ("sent", "paid"): "settling",
    ("sent", "refused"): "returning",
    ("sent", "timed-out"): "returning",
    ("settling", "told"): "done",
    ("returning", "told"): "returned",
}
"""What happened -> the next state. What is not here does not happen: a paid exchange never goes back, nor twice."""


class RulesError(ValueError):
    """The file of exchange rules is wrong; names the place."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The table exchange.toml."""

    minimum: int
    step: int
    most: int
    year_budget: int
    answer_days: int
    margin_days: int
    return_days: int


def parse_rules(text: str) -> Rules:
    """The rules of a file, or one error that names the place."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise RulesError("not TOML") from None
    if set(raw) != set(Rules.__slots__):
        raise RulesError("file: keys that are missing or not known")
    for name, value in raw.items():
        if type(value) is not int or value <= 0:
            raise RulesError(f"{name}: must be a whole number above 0")
    rules = Rules(**raw)
    if rules.minimum % rules.step or not rules.minimum <= rules.most:
        raise RulesError("minimum: must be a multiple of step and not above most")
    return rules


@cache
def rules_of() -> Rules:
    """The rules in this package."""
    return parse_rules(files("phr.domain").joinpath("exchange.toml").read_text("utf-8"))


def next_state(kind: str, state: str, event: str) -> str | None:
    """The state that follows; None where that cannot happen. Gifts and ends are done when the ledger holds them."""
    if kind != "exchange" and (state, event) == ("requested", "held"):
        return "done"
    if kind != "exchange" and state != "requested":
        return None
    return _NEXT.get((state, event))


def amounts(usable: int, rules: Rules) -> list[int]:
    """The amounts that can be asked for, smallest first; none below the minimum."""
    return list(range(rules.minimum, min(usable, rules.most) + 1, rules.step))


def checked_amount(amount: int, usable: int, rules: Rules) -> int:
    """An amount that may be exchanged, else Invalid."""
    if amount < rules.minimum or amount % rules.step or amount > rules.most:
        raise Invalid("must be from the minimum to the most, in steps", field="amount")
    if amount > usable:
        raise Invalid("more than there is", field="amount")
    return amount


def checked_wallet(text: str) -> str:
    """The number of a wallet, spelled one way, so that one wallet has one hash."""
    found = text.strip().replace(" ", "").upper()
    if _WALLET.fullmatch(found) is None:
        raise Invalid("must be 6 to 40 letters, digits or dashes", field="wallet")
    return found


def usable_lots(lots: Mapping[str, int], today: date, returned: Mapping[str, date]) -> dict[str, int]:
    """The lots that can be spent today. returned: until when points that came back into a lot can still be used."""
    return {
        lot: held for lot, held in lots.items() if held > 0 and today <= good_until(lot, returned.get(lot))
    }


def good_until(lot: str, returned_until: date | None) -> date:
    """The last day of a lot: its own, or later when points came back into it after that."""
    own = last_day(lot)
    return own if returned_until is None else max(own, returned_until)


def parts(lots: Mapping[str, int], amount: int) -> list[tuple[str, int]]:
    """From which lots an amount is paid, oldest first; Invalid when there is not enough."""
    try:
        return spend(lots, amount)
    except LotsError:
        raise Invalid("more than there is", field="amount") from None


def account(pseudonym: str, lot: str) -> str:
    """The account of a person's lot."""
    return f"residents:{pseudonym}:lot:{last_day(lot).isoformat()}"


def destination(kind: str, target: str) -> str:
    """The account that the points go to first."""
    if kind == "exchange":
        return PENDING
    if _CODE.fullmatch(target) is None:
        raise Invalid("is no code of the list", field="target")
    return f"giving:{target}" if kind == "gift" else f"expired:{target}"


@dataclass(frozen=True, slots=True)
class Move:
    """One move as the ledger is told of it."""

    move: UUID
    kind: str
    target: str
    pseudonym: str
    asset: str
    lots: Sequence[tuple[str, int]]

    def hold(self) -> Order:
        """The points leave the lots."""
        to = destination(self.kind, self.target)
        found = [Posting(account(self.pseudonym, lot), to, n, self.asset) for lot, n in self.lots]
        return self._order("hold", found)

    def settle(self) -> Order:
        """What the platform paid is done."""
        return self._order("done", [Posting(PENDING, DONE, sum(n for _, n in self.lots), self.asset)])

    def back(self) -> Order:
        """The points go back to the same lots."""
        found = [Posting(PENDING, account(self.pseudonym, lot), n, self.asset) for lot, n in self.lots]
        return self._order("back", found)

    def letter(self, state: str) -> Order | None:
        """The letter that a state waits for."""
        made = {"requested": self.hold, "settling": self.settle, "returning": self.back}.get(state)
        return None if made is None else made()

    def _order(self, step: str, found: Sequence[Posting]) -> Order:
        return Order(tuple(found), {"kind": self.kind}, f"{self.kind}:{self.move}:{step}")


def debits(payload: Mapping[str, Any], pseudonym: str) -> dict[str, int]:
    """What a letter that is still on its way takes from this person's lots, by the last day of each."""
    prefix = f"residents:{pseudonym}:lot:"
    found: dict[str, int] = {}
    for posting in payload.get("postings", []):
        source = str(posting.get("source", ""))
        if source.startswith(prefix):
            lot = source.removeprefix(prefix)
            found[lot] = found.get(lot, 0) + int(posting["amount"])
    return found


def pay_until(sent: date, rules: Rules) -> date:
    """The last day on which the platform may pay."""
    return sent + timedelta(days=rules.answer_days)


def late(sent: date, today: date, rules: Rules) -> bool:
    """Whether no answer can come any more, so that the points go back."""
    return today > pay_until(sent, rules) + timedelta(days=rules.margin_days)


def returned_until(rows: Sequence[tuple[Sequence[str], date]], rules: Rules) -> dict[str, date]:
    """Until when points that came back can be used, by lot. rows: the lots of each return and its day."""
    found: dict[str, date] = {}
    for lots, day in rows:
        until = day + timedelta(days=rules.return_days)
        for lot in lots:
            found[lot] = max(found.get(lot, until), until)
    return found
