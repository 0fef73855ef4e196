"""Budgets of points: filled once a fiscal year from the world, topped up by a person, and what is left of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from phr.domain.ledger import WORLD, Order, Posting
from phr.domain.points_rules import PointRules

NO_BUDGET: Final = "no-budget"
"""Why a letter waits whose points nobody has paid for yet."""
_ISSUANCE: Final = "issuance:"
_LOW: Final = 10  # percent that is left when somebody should look


@dataclass(frozen=True, slots=True)
class Payment:
    """Points that go from the world into the budget of one event."""

    reference: str
    fiscal_year: int
    event: str
    asset: str
    amount: int

    @property
    def account(self) -> str:
        """The account that pays for the event."""
        return account(self.fiscal_year, self.event)

    def order(self) -> Order:
        """As the ledger is told."""
        posting = Posting(WORLD, self.account, self.amount, self.asset)
        return Order((posting,), {"budget": self.event}, self.reference)


@dataclass(frozen=True, slots=True)
class Left:
    """What a budget was given and what it still holds; held is None when the ledger does not say."""

    event: str
    given: int
    held: int | None

    @property
    def percent(self) -> int | None:
        """The share that is left, rounded down."""
        return None if self.held is None or not self.given else 100 * max(self.held, 0) // self.given

    @property
    def state(self) -> str:
        """ok, low, empty, or unknown."""
        if self.percent is None or self.held is None:
            return "unknown"
        if self.held <= 0:
            return "empty"
        return "low" if self.percent < _LOW else "ok"


def account(fiscal_year: int, event: str) -> str:
    """The account that pays for a kind of event in a fiscal year."""
    return f"{_ISSUANCE}fy{fiscal_year}:{event}"


def of_year(rules: PointRules) -> list[Payment]:
    """The year's budgets: each filled once, under a name that no repeat can change."""
    return [
        Payment(
            f"budget:fy{rules.fiscal_year}:{rule.name}",
            rules.fiscal_year,
            rule.name,
            rules.asset,
            rule.budget,
        )
        for rule in rules.events.values()
    ]


def top_up(rules: PointRules, event: str, amount: int, before: Iterable[Payment]) -> Payment:
    """The next payment into a budget, after those of before. KeyError when the year has no such event."""
    name = rules.events[event].name
    number = 1 + sum(one.event == name and one.fiscal_year == rules.fiscal_year for one in before)
    return Payment(
        f"budget:fy{rules.fiscal_year}:{name}:{number}", rules.fiscal_year, name, rules.asset, amount
    )


def from_budget(order: Order) -> bool:
    """Whether an order is paid by a budget alone: then a lack of funds is the city's to mend, and the order waits."""
    return all(posting.source.startswith(_ISSUANCE) for posting in order.postings)


def left(payments: Iterable[Payment], held: Mapping[str, int | None]) -> list[Left]:
    """What each budget was given, and what its account holds, in the order in which they were first filled."""
    given: dict[str, int] = {}
    for one in payments:
        given[one.event] = given.get(one.event, 0) + one.amount
    return [Left(event, amount, held.get(event)) for event, amount in given.items()]
