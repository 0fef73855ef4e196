"""Home visits: what is taken along, and what became of what was written down."""

from __future__ import annotations

from phr.domain.visits import entry_of
from phr.errors import Conflict, Invalid, NotFound
from phr.web.ports import Session
from phr.web.sessions import WebSession, held
from phr.web.views.visits import CaseNow, Entered, Visit
from phr.web.wired.staff import Staff
from phr.web.wired.staff_words import case_id, guidance, happened


class VisitArea(Staff):
    """Home visits, for the purpose guidance."""

    def visit(self, session: Session, case: str) -> Visit:
        """The least that a visit needs of a case."""
        return Visit(self.case(session, case), keeps=not held(session).shared)

    def enter_visit(self, session: Session, case: str, body: bytes) -> Entered:
        """Take what was written down on a visit."""
        one = held(session)
        try:
            entry = entry_of(body, self._parts.now())
        except Invalid as error:
            return Entered("invalid", field_name=error.field or "")
        try:
            taken = self._system.visits.enter(case_id(case), entry, guidance(one))
        except NotFound:
            return Entered("gone")
        except Conflict:
            return self._conflict(one, case, entry.version)
        counts = {
            "version": taken.version,
            "measured": taken.measured,
            "refused": taken.refused,
            "apart": taken.apart,
            "warned": taken.warned,
        }
        return Entered("repeated" if taken.repeated else "stored", counts)

    def _conflict(self, one: WebSession, case: str, known: int) -> Entered:
        """The case as it is now, beside what the device knew of it."""
        try:
            opened = self._system.worklist.open(case_id(case), guidance(one))
        except NotFound:
            return Entered("gone")
        item = opened.item
        later = [event for event in opened.events if event.version > known]
        names = self._parts.directory.named(
            {item.holder or "", *(event.actor for event in later)}, request=one.request
        )
        shown = {subject: listed.display or subject for subject, listed in names.items()}
        since = []
        for event in later:
            what, outcome, memo = happened(event.event, event.note)
            since.append((event.at, what, outcome, shown.get(event.actor, event.actor), memo))
        result = "closed" if item.state == "closed" else "changed" if opened.mine else "not-yours"
        holder = shown.get(item.holder or "", item.holder or "")
        return Entered(result, now=CaseNow(item.version, item.state, holder, opened.mine, tuple(since)))
