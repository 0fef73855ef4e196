"""The points ledger: who calls it, how letters reach it, its budgets, its comparison, and files in its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, Final

from phr.bootstrap.core import Core
from phr.clients.ledger import (
    LedgerClient,
    LedgerReceipt,
    LedgerRefused,
    LedgerRetry,
    LedgerTrouble,
    Outcome,
)
from phr.clients.ledger_answers import LedgerUnknown
from phr.domain.ledger import LedgerRefusal, Order, parse_order
from phr.domain.ledger_budget import NO_BUDGET, from_budget
from phr.errors import Invalid, Refused
from phr.ids import new_id
from phr.services.budgets import Budgets
from phr.services.deliver import OnHoldError, TryLaterError, UndeliverableError, backoff
from phr.services.ledger_breaker import SharedBreaker
from phr.services.ledger_desk import LedgerDesk
from phr.services.ledger_files import LedgerFiles
from phr.services.reconcile_ledger import ReconcileLedger
from phr.store import ledger as ledger_store
from phr.store.tables import Outbox

_UNTIL_FUNDED: Final = timedelta(
    hours=1
)  # a top-up lets them go at once; this is only for money from elsewhere
_NO_FUNDS_TRIES: Final = 10  # about an hour: what is spent may follow what is earned


class Ledgering(Core):
    """The use cases around the ledger."""

    @property
    def ledger_token(self) -> str:
        """The bearer token of the embedded ledger, or the one that settings give."""
        return self.settings.ledger_token.get_secret_value() or self.lasting_key("ledger-token").hex()

    @cached_property
    def ledger_url(self) -> str:
        """Where the ledger is: the one that settings name, or our own."""
        return self.settings.ledger_url or f"{self.settings.base_url}/ledger/v2"

    def ledger(self, url: str = "") -> LedgerClient:
        """A client of the ledger."""
        client = LedgerClient.connect(
            url or self.ledger_url, self.settings.ledger_name, token=self.ledger_token
        )
        self.closing.callback(client.close)
        return client

    @cached_property
    def one_ledger(self) -> LedgerClient:
        """The client that the use cases of this process share."""
        return self.ledger()

    @cached_property
    def budgets(self) -> Budgets:
        """What the year's points are paid from."""
        s = self.settings
        return Budgets(self.store, self.clock, s.tz, s.recipient, s.ledger_name, lambda: self.one_ledger)

    @cached_property
    def reconcile_ledger(self) -> ReconcileLedger:
        """Our letters against the ledger's log."""
        s = self.settings
        return ReconcileLedger(
            self.store, self.clock, s.tz, s.recipient, s.ledger_name, lambda: self.one_ledger
        )

    @cached_property
    def ledger_files(self) -> LedgerFiles:
        """Files for a platform without an interface."""
        s = self.settings
        return LedgerFiles(self.store, self.clock, s.recipient, s.points_file_encoding)

    @cached_property
    def ledger_desk(self) -> LedgerDesk:
        """What operators see and try again."""
        s = self.settings
        return LedgerDesk(self.store, self.clock, s.recipient, s.ledger_name)

    @cached_property
    def ledger_breaker(self) -> SharedBreaker:
        """Whether the ledger is called or left alone."""
        return SharedBreaker(self.store, self.clock, self.settings.recipient, self.settings.ledger_name)

    def ledger_letters(self, client: LedgerClient) -> ToLedger:
        """Sends letters to the ledger."""
        return ToLedger(client, self.ledger_breaker)

    @property
    def points_by_file(self) -> bool:
        """Whether points leave as files: then no letter goes out by itself."""
        return self.settings.points_platform == "file"

    def fund_points(self, *, request: str) -> int:
        """Fills this year's budgets, once; says how many payments were made. A year without rules has none."""
        if self.points_by_file:
            return 0
        try:
            return self.budgets.fund(actor="worker", request=request).made
        except Invalid:
            return 0

    def compare_points(self, *, request: str) -> int:
        """Compares our letters with the ledger's log; says how many differences there are."""
        return 0 if self.points_by_file else len(self.reconcile_ledger(request=request).found)

    def ledger_holds(self) -> bool:
        """Whether every check of the embedded ledger holds; another's ledger checks itself."""
        if self.settings.ledger_url:
            return True
        return all(self.ledger_verdict().values())

    def ledger_verdict(self) -> dict[str, bool]:
        """Each check of the embedded ledger."""
        try:
            with self.ledger_connections() as connection:
                return ledger_store.verify(connection, self.settings.ledger_name)
        except LedgerRefusal:
            raise Refused("the ledger is not made yet: run phr points fund") from None

    @contextmanager
    def ledger_connections(self) -> Iterator[Any]:
        """A connection for the embedded ledger, which keeps no personal data."""
        with self.store.plain_connection() as connection:
            yield connection


@dataclass(frozen=True, slots=True)
class ToLedger:
    """Sends letters to the ledger, up to a hundred in one call, each with an outcome of its own."""

    client: LedgerClient
    shared: SharedBreaker

    def __call__(self, letters: Sequence[Outbox]) -> list[str | Exception]:
        """What became of each letter. What this worker learns of the ledger's state, the others know."""
        request = f"worker-{new_id()}"
        before = self.client.breaker = self.shared.known(request=request)
        orders: dict[int, Order] = {}
        out: list[str | Exception] = [UndeliverableError("no order of points")] * len(letters)
        for place, letter in enumerate(letters):
            try:
                order = parse_order(letter.payload)
            except LedgerRefusal as bad:
                out[place] = UndeliverableError(f"ledger: not well formed: {bad.field}")
                continue
            if order.reference is not None:
                orders[place] = order
        if orders:
            sent = self.client.deliver_many(
                [(order, letters[place].idempotency_key) for place, order in orders.items()]
            )
            for (place, order), outcome in zip(orders.items(), sent, strict=True):
                out[place] = _settled(outcome, order, letters[place].attempts)
            why = next((_kind(one) for one in sent if isinstance(one, LedgerRetry | LedgerUnknown)), "")
            self.shared.note(before, self.client.breaker, why, request=request)
        return out


def _kind(trouble: LedgerTrouble) -> str:
    return "no-answer" if isinstance(trouble, LedgerUnknown) else "not-reached"


def _settled(outcome: Outcome, order: Order, attempts: int) -> str | Exception:
    """What the delivery service does with an outcome."""
    if isinstance(outcome, LedgerReceipt):
        return f"transaction:{outcome.id}"
    if isinstance(outcome, LedgerRetry) and outcome.resting:
        return OnHoldError("resting", timedelta(seconds=max(outcome.after, 1.0)))
    if isinstance(outcome, LedgerRetry):
        return TryLaterError(str(outcome), max(timedelta(seconds=outcome.after), backoff(attempts)))
    if isinstance(outcome, LedgerRefused):
        if outcome.code == "LEDGER_NOT_FOUND":  # made when the budgets are filled
            return OnHoldError(NO_BUDGET, _UNTIL_FUNDED)
        if outcome.code != "INSUFFICIENT_FUND":
            return UndeliverableError(str(outcome))
        if from_budget(order):
            return OnHoldError(NO_BUDGET, _UNTIL_FUNDED)
        return TryLaterError(str(outcome)) if attempts < _NO_FUNDS_TRIES else UndeliverableError(str(outcome))
    return TryLaterError(str(outcome))
