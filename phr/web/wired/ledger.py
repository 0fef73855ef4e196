"""The operator's page of the points ledger."""

from __future__ import annotations

from typing import Final

from phr.errors import Invalid
from phr.web.ports import Session
from phr.web.sessions import WebSession, held
from phr.web.views.ledger import Budget, Compared, Differs, GivenUp, LedgerPage, SentFile
from phr.web.wired.earning import RULES
from phr.web.wired.parts import Area

_MENDED: Final = ("missing-there", "given-up")


class LedgerArea(Area):
    """Counts, states and pseudonymous references."""

    def ledger_page(self, session: Session) -> LedgerPage:
        """How things stand with the ledger."""
        one = held(session)
        state = self._system.ledger_desk.state(actor=one.subject, request=one.request)
        by_file = self._system.points_by_file
        files = self._system.ledger_files.listed(request=one.request) if by_file else []
        return LedgerPage(
            now=self._parts.now(),
            budgets=() if by_file else self._budgets(one),
            waiting=state.waiting,
            no_budget=state.no_budget,
            dead=tuple(
                GivenUp(each.letter, each.rule, each.created, each.attempts, each.error)
                for each in state.dead
            ),
            resting_until=state.open_until,
            failures=state.failures,
            compared=tuple(Compared(each.day, each.theirs, each.ours, each.found) for each in state.compared),
            differs=tuple(
                Differs(each.kind, each.reference, each.ours, each.theirs, each.kind in _MENDED)
                for each in state.differs
            ),
            by_file=by_file,
            files=tuple(
                SentFile(each.number, each.made_at, each.lines, each.total, each.accepted, each.refused)
                for each in files
            ),
        )

    def _budgets(self, one: WebSession) -> tuple[Budget, ...]:
        try:
            left = self._system.budgets.left(actor=one.subject, request=one.request)
        except Invalid:
            return ()
        return tuple(
            Budget(each.event, RULES.get(each.event, each.event), each.given, each.held, each.state)
            for each in left
        )

    def retry_points(self, session: Session) -> int:
        """Let every letter that was given up be tried again."""
        one = held(session)
        return self._system.ledger_desk.retry_all(actor=one.subject, request=one.request)

    def send_points_again(self, session: Session, reference: str) -> None:
        """Let one letter be sent again."""
        one = held(session)
        self._system.ledger_desk.send_again(reference, actor=one.subject, request=one.request)
