"""What stands between us and the ledger: whether it is called, what its budgets were given, and where it disagrees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import psycopg
from psycopg.rows import TupleRow
from sqlmodel import Session, col, select

from phr.domain.ledger import Posting
from phr.domain.ledger_compare import Found, Ours, postings_of
from phr.store.tables import LedgerBreaker, LedgerBudget, LedgerDifference, LedgerReconciliation

_KEPT: Final = 1000  # differences of one day; their number is kept in full


class LedgerBooks:
    """While delivering or operating."""

    def __init__(self, connection: psycopg.Connection[TupleRow], session: Session) -> None:
        self._connection = connection
        self._session = session

    def breaker(self, name: str) -> LedgerBreaker | None:
        """What the workers know of a ledger."""
        return self._session.get(LedgerBreaker, name)

    def note_breaker(
        self, name: str, failures: int, open_until: datetime | None, why: str, now: datetime
    ) -> None:
        """Keeps it for the other workers."""
        self._connection.execute(
            "INSERT INTO phr.ledger_breaker (name, failures, open_until, why, at) VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT (name) DO UPDATE SET failures = excluded.failures, open_until = excluded.open_until,"
            " why = excluded.why, at = excluded.at",
            (name, failures, open_until, why, now),
        )

    def budgets(self, ledger: str, fiscal_year: int | None = None) -> Sequence[LedgerBudget]:
        """What was put into the budgets of a ledger, oldest first."""
        query = select(LedgerBudget).where(LedgerBudget.ledger == ledger)
        query = query.order_by(col(LedgerBudget.asked_at), col(LedgerBudget.reference))
        if fiscal_year is not None:
            query = query.where(LedgerBudget.fiscal_year == fiscal_year)
        return self._session.exec(query).all()

    def ask_budget(self, row: LedgerBudget) -> bool:
        """Notes a payment into a budget before it is made; tells whether it was new."""
        done = self._connection.execute(
            "INSERT INTO phr.ledger_budget (ledger, reference, fiscal_year, event, asset, amount, actor, asked_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (
                *(row.ledger, row.reference, row.fiscal_year, row.event),
                *(row.asset, row.amount, row.actor, row.asked_at),
            ),
        )
        return done.rowcount == 1

    def funded(self, ledger: str, reference: str, now: datetime) -> None:
        """Notes that the ledger has it."""
        self._connection.execute(
            "UPDATE phr.ledger_budget SET funded_at = coalesce(funded_at, %s)"
            " WHERE ledger = %s AND reference = %s",
            (now, ledger, reference),
        )

    def ours(self, ledger: str, references: Sequence[str]) -> dict[str, Ours]:
        """Letters to the ledger and payments into budgets by the ledger's reference."""
        rows = self._connection.execute(
            "SELECT payload ->> 'reference', state, payload -> 'postings' FROM phr.outbox"
            " WHERE kind = 'ledger' AND payload ->> 'reference' = ANY (%s)",
            (list(references),),
        ).fetchall()
        found = {row[0]: Ours(row[0], row[1], postings_of(row[2])) for row in rows}
        for budget in self._session.exec(
            select(LedgerBudget).where(
                LedgerBudget.ledger == ledger, col(LedgerBudget.reference).in_(references)
            )
        ):
            found[budget.reference] = _of_budget(budget)
        return found

    def delivered(self, ledger: str, since: datetime | None, before: datetime) -> list[Ours]:
        """Letters and payments that the ledger is said to have, noted in this time."""
        span = {"since": since, "before": before}
        rows = self._connection.execute(
            "SELECT payload ->> 'reference', state, payload -> 'postings' FROM phr.outbox"
            " WHERE kind = 'ledger' AND state = 'delivered' AND delivered_at < %(before)s"
            " AND (%(since)s::timestamptz IS NULL OR delivered_at >= %(since)s)",
            span,
        ).fetchall()
        budgets = select(LedgerBudget).where(
            LedgerBudget.ledger == ledger, col(LedgerBudget.funded_at) < before
        )
        if since is not None:
            budgets = budgets.where(col(LedgerBudget.funded_at) >= since)
        return [
            *(Ours(row[0], row[1], postings_of(row[2])) for row in rows if row[0]),
            *(_of_budget(one) for one in self._session.exec(budgets)),
        ]

    def waiting(self) -> dict[str, int]:
        """Letters to the ledger that are not delivered, by why: waiting, no-budget, dead."""
        rows = self._connection.execute(
            "SELECT CASE WHEN state = 'waiting' AND last_error = 'no-budget' THEN 'no-budget' ELSE state END, count(*)"
            " FROM phr.outbox WHERE kind = 'ledger' AND state IN ('waiting', 'dead') GROUP BY 1 ORDER BY 1"
        ).fetchall()
        return {row[0]: int(row[1]) for row in rows}

    def dead(self, limit: int = 200) -> list[Mapping[str, Any]]:
        """Letters to the ledger that were given up, oldest first: without whose they are and what they pay."""
        rows = self._connection.execute(
            "SELECT outbox_id, payload #>> '{metadata,rule}', created_at, attempts, last_error FROM phr.outbox"
            " WHERE kind = 'ledger' AND state = 'dead' ORDER BY created_at LIMIT %s",
            (limit,),
        ).fetchall()
        return [
            {
                "letter": str(row[0]),
                "rule": row[1] or "",
                "created": row[2],
                "attempts": row[3],
                "error": row[4],
            }
            for row in rows
        ]

    def release_held(self, now: datetime) -> int:
        """Lets the letters that waited for a budget go at once."""
        done = self._connection.execute(
            "UPDATE phr.outbox SET next_at = %s WHERE kind = 'ledger' AND state = 'waiting'"
            " AND last_error = 'no-budget'",
            (now,),
        )
        return done.rowcount

    def revive_all(self, now: datetime) -> int:
        """Lets every dead letter to the ledger be tried again."""
        done = self._connection.execute(
            "UPDATE phr.outbox SET state = 'waiting', next_at = %s, attempts = 0 WHERE kind = 'ledger'"
            " AND state = 'dead'",
            (now,),
        )
        return done.rowcount

    def resend(self, reference: str, now: datetime) -> bool:
        """Lets a letter that is noted as delivered or dead be sent again; the ledger counts it once by its reference."""
        done = self._connection.execute(
            "UPDATE phr.outbox SET state = 'waiting', next_at = %s, attempts = 0, receipt = '', delivered_at = NULL"
            " WHERE kind = 'ledger' AND payload ->> 'reference' = %s AND state IN ('delivered', 'dead')",
            (now, reference),
        )
        return done.rowcount > 0

    def reconciliations(self, ledger: str, limit: int = 14) -> Sequence[LedgerReconciliation]:
        """The comparisons of the last days, newest first."""
        query = (
            select(LedgerReconciliation)
            .where(LedgerReconciliation.ledger == ledger)
            .order_by(col(LedgerReconciliation.day).desc())
            .limit(limit)
        )
        return self._session.exec(query).all()

    def differences(self, ledger: str, day: date) -> Sequence[LedgerDifference]:
        """What differed on a day."""
        query = select(LedgerDifference).where(LedgerDifference.ledger == ledger, LedgerDifference.day == day)
        return self._session.exec(
            query.order_by(col(LedgerDifference.kind), col(LedgerDifference.reference))
        ).all()

    def keep(self, row: LedgerReconciliation, found: Sequence[Found]) -> None:
        """Keeps a comparison in place of an earlier one of the same day."""
        self._connection.execute(
            "DELETE FROM phr.ledger_reconciliation WHERE ledger = %s AND day = %s", (row.ledger, row.day)
        )
        self._connection.execute(
            "INSERT INTO phr.ledger_reconciliation (ledger, day, at, whole, through, theirs, ours, found)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            (row.ledger, row.day, row.at, row.whole, row.through, row.theirs, row.ours, row.found),
        )
        with self._connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO phr.ledger_difference (ledger, day, kind, reference, ours, theirs)"
                " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                [
                    (row.ledger, row.day, one.kind.value, one.reference, one.ours, one.theirs)
                    for one in found[:_KEPT]
                ],
            )


def _of_budget(row: LedgerBudget) -> Ours:
    account = f"issuance:fy{row.fiscal_year}:{row.event}"
    state = "waiting" if row.funded_at is None else "delivered"
    return Ours(row.reference, state, (Posting("world", account, row.amount, row.asset),))
