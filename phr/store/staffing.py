"""Duties and plans of the nurses of one organisation: who leads, who sees protected addresses, who stands in for whom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from phr.store.tables import NurseDuty, NursePlan


class Staffing:
    """The duties and plans that the transaction's context may reach: those of its own organisation."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def duty(self, recipient: str, subject: str) -> NurseDuty | None:
        """What a nurse may do more than the role; None where nothing was given."""
        return self._session.get(NurseDuty, (recipient, subject))

    def duties(self, recipient: str) -> Sequence[NurseDuty]:
        """What the nurses of an organisation may do more than the role; who has nothing is not among them."""
        query = select(NurseDuty).where(NurseDuty.recipient == recipient)
        return self._session.exec(query.order_by(col(NurseDuty.subject))).all()

    def put_duty(self, duty: NurseDuty) -> None:
        """Gives or takes duties."""
        values = duty.model_dump()
        statement = insert(NurseDuty).values(values)
        self._session.execute(
            statement.on_conflict_do_update(index_elements=["recipient", "subject"], set_=values)
        )

    def plan(self, recipient: str, subject: str) -> NursePlan | None:
        """A nurse's capacity and substitute."""
        return self._session.get(NursePlan, (recipient, subject))

    def plans(self) -> Sequence[NursePlan]:
        """Every plan of the organisation, by subject."""
        return self._session.exec(select(NursePlan).order_by(col(NursePlan.subject))).all()

    def put_plan(self, plan: NursePlan) -> None:
        """Makes or changes a plan."""
        values = plan.model_dump()
        statement = insert(NursePlan).values(values)
        self._session.execute(
            statement.on_conflict_do_update(index_elements=["recipient", "subject"], set_=values)
        )

    def covered(self, subject: str, today: date) -> list[str]:
        """Those for whom this nurse stands in today."""
        query = select(NursePlan.subject).where(
            NursePlan.substitute == subject,
            col(NursePlan.away_from) <= today,
            col(NursePlan.away_until) >= today,
        )
        return list(self._session.exec(query.order_by(col(NursePlan.subject))).all())
