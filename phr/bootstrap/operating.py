"""What those who run the service use: figures of the plan, and the accounts of staff."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from phr.bootstrap.core import Core
from phr.metrics import Reading
from phr.services.accounts import Managing
from phr.services.directory import Directory
from phr.services.gauges import Gauges
from phr.store import distribute
from phr.store.turns import SCHEDULE, Turn

if TYPE_CHECKING:
    from phr.services.figures import Figures


class Running(Core):
    """The use cases of operators that stand on the core alone."""

    @cached_property
    def managing(self) -> Managing:
        """Accounts of staff."""
        return Managing(self.store, self.clock, self.settings.recipient)

    @cached_property
    def schedule_turn(self) -> Turn:
        """Whose schedule sends the jobs, of all workers of this database."""
        return Turn(self.database.app, SCHEDULE)

    def spread_plan(self) -> str:
        """The statements that spread the tables over a cluster; nothing is changed."""
        with closing(self.database.admin()) as connection:
            return distribute.plan(connection).text()

    def spread(self, *, sure: bool) -> int:
        """Spreads the tables over a cluster; says how many were moved. sure: also those that hold rows."""
        return len(distribute.distribute(self.database, sure=sure).moved)

    @cached_property
    def figures(self) -> Figures:
        """Figures of the city's plan."""
        from phr.services.figures import Figures  # noqa: PLC0415 - the vocabulary is slow to load for small commands

        s = self.settings
        return Figures(self.store, self.clock, s.tz, s.recipient, s.export_k)

    @cached_property
    def gauges(self) -> Gauges:
        """Figures for whoever watches the service."""
        s, whole = self.settings, cast("Any", self)

        def of_unusual(request: str) -> Iterator[Reading]:
            for rule, count in whole.unusual.counts(request=request).items():
                yield "phr_unusual_access", (rule,), count

        def of_pool(_request: str) -> Iterator[Reading]:
            in_use, idle = self.pool()
            yield "phr_pool", ("in use",), in_use
            yield "phr_pool", ("idle",), idle

        def of_standby(_request: str) -> Iterator[Reading]:
            if not s.replica_url:
                return
            found = self.standby_behind()
            yield "phr_standby_answers", (), found is not None
            if found is not None:
                yield "phr_standby_behind_bytes", (), found.size
                yield "phr_standby_behind_seconds", (), found.seconds

        return Gauges(
            self.store,
            self.clock,
            s.tz,
            s.recipient,
            {"unusual": of_unusual, "ledger": self._of_ledger, "pool": of_pool, "standby": of_standby},
        )

    def _of_ledger(self, request: str) -> Iterator[Reading]:
        state = cast("Any", self).ledger_desk.state(actor="metrics", request=request)
        yield "phr_ledger_letters", ("waiting",), state.waiting
        yield "phr_ledger_letters", ("no-budget",), state.no_budget
        yield "phr_ledger_letters", ("dead",), state.given_up
        yield "phr_ledger_differences", (), state.compared[0].found if state.compared else 0
        yield "phr_ledger_resting", (), state.open_until is not None

    def prove(self, *, request: str) -> bool:
        """Recomputes the whole audit trail and notes whether it holds."""
        whole = cast("Any", self)
        held: bool = whole.trail.verify(request=request).ok
        whole.proofs.note(ok=held, whole=True, request=request)
        return held

    def measure(self, *, request: str) -> int:
        """Counts and keeps today's figures; says how many there are."""
        institutes = Directory(self.store).organisations("researcher", request=request)
        return len(self.figures.measure(institutes, request=request))
