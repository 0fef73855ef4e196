"""Planning: how many cases a nurse follows, who stands in for whom and until when, and who may set it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from phr.clock import Clock
from phr.domain import queue
from phr.domain.access import Access
from phr.errors import Invalid, Refused
from phr.store.tables import NurseDuty, NursePlan
from phr.store.uow import Store, UnitOfWork

_MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class Colleague:
    """A nurse of the organisation with her plan."""

    subject: str
    display: str
    lead: bool
    protected: bool
    capacity: int
    substitute: str
    away_from: date | None
    away_until: date | None


def capacity_of(uow: UnitOfWork, subject: str) -> int:
    """How many open cases a nurse follows: her plan's number, or the usual one."""
    plan = uow.staffing.plan(uow.access.recipient, subject)
    return queue.standard().capacity if plan is None else plan.capacity


class Planning:
    """Plans of one organisation's nurses."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def nurses(self, access: Access) -> dict[str, str]:
        """The nurses of the caller's organisation: subject and name, by name."""
        with self._store.begin(Access("system", "directory", "", "session", access.request)) as uow:
            accounts = uow.accounts.of_role("nurse")
            uow.commit()
        found = [
            (one.display or one.subject, one.subject) for one in accounts if one.recipient == access.recipient
        ]
        return {subject: display for display, subject in sorted(found)}

    def must_be_colleague(self, subject: str, access: Access) -> None:
        """Refuses somebody who is no active nurse of this organisation."""
        if not subject.strip():
            raise Invalid("name the colleague", field="colleague")
        if subject not in self.nurses(access):
            raise Invalid("not a nurse of this organisation", field="colleague")

    @staticmethod
    def leads(uow: UnitOfWork) -> bool:
        """Whether the caller leads the nurses of the organisation."""
        duty = uow.staffing.duty(uow.access.recipient, uow.access.actor)
        return duty is not None and duty.lead

    def team(self, access: Access) -> list[Colleague]:
        """Every nurse of the organisation with her plan, by name."""
        nurses = self.nurses(access)
        with self._store.begin(access) as uow:
            plans = {plan.subject: plan for plan in uow.staffing.plans()}
            duties = {duty.subject: duty for duty in uow.staffing.duties(access.recipient)}
            uow.commit()
        usual = queue.standard().capacity
        team = []
        for subject, display in nurses.items():
            plan, duty = plans.get(subject), duties.get(subject)
            team.append(
                Colleague(
                    subject,
                    display,
                    duty is not None and duty.lead,
                    duty is not None and duty.protected,
                    usual if plan is None else plan.capacity,
                    "" if plan is None else plan.substitute,
                    None if plan is None else plan.away_from,
                    None if plan is None else plan.away_until,
                )
            )
        return team

    def held(self, access: Access) -> dict[str, int]:
        """How many open cases each nurse has in her hands, of those that the asking nurse may see.

        Consent is asked for each of them: not for a page that shows no such number.
        """
        with self._store.begin(access) as uow:
            found = uow.worklist.held_count()
            uow.commit()
        return found

    def set_capacity(self, subject: str, capacity: int, access: Access) -> None:
        """Sets how many open cases a nurse follows. Only the lead may."""
        if not 0 <= capacity <= _MOST:
            raise Invalid("must be between 0 and 1000", field="capacity")
        self.must_be_colleague(subject, access)
        with self._store.begin(access) as uow:
            if not self.leads(uow):
                raise Refused("only the lead sets capacities")
            plan = self._plan(uow, subject)
            plan.capacity = capacity
            self._keep(uow, plan)

    def set_away(self, subject: str, substitute: str, span: tuple[date, date] | None, access: Access) -> None:
        """Says who stands in from one day to another, both included; no span ends it. Herself, or the lead."""
        if span is not None:
            self.must_be_colleague(substitute, access)
            if substitute == subject:
                raise Invalid("must be somebody else", field="substitute")
            if span[1] < span[0]:
                raise Invalid("must not be before the first day", field="until")
        with self._store.begin(access) as uow:
            if subject != access.actor and not self.leads(uow):
                raise Refused("only the lead plans for others")
            plan = self._plan(uow, subject)
            plan.substitute = substitute if span is not None else ""
            plan.away_from, plan.away_until = span or (None, None)
            self._keep(uow, plan)

    def set_duty(self, subject: str, access: Access, *, lead: bool, protected: bool) -> None:
        """Gives a nurse special duties. For those who manage accounts: ``access`` is of the purpose register."""
        with self._store.begin(access) as uow:
            uow.staffing.put_duty(
                NurseDuty(
                    recipient=access.recipient,
                    subject=subject,
                    lead=lead,
                    protected=protected,
                    updated_at=self._clock.now(),
                )
            )
            uow.audit.add("duty", "account", count=1)
            uow.commit()

    def _plan(self, uow: UnitOfWork, subject: str) -> NursePlan:
        known = uow.staffing.plan(uow.access.recipient, subject)
        values = {} if known is None else known.model_dump()
        usual = {"capacity": queue.standard().capacity, "substitute": ""}
        return NursePlan(**{**usual, **values, "recipient": uow.access.recipient, "subject": subject})

    def _keep(self, uow: UnitOfWork, plan: NursePlan) -> None:
        plan.updated_by, plan.updated_at = uow.access.actor, self._clock.now()
        uow.staffing.put_plan(plan)
        uow.audit.add("plan", "account", count=1)
        uow.commit()
