"""What the nurses' work list is made of: plans, search, numbers, escalation, and decisions about single values."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from uuid import UUID

from phr.bootstrap.core import Core
from phr.services.confirmations import Confirmations
from phr.services.set_apart import SetApart
from phr.services.worklist import Escalation, Finding, Numbers, Planning
from phr.store.baseline import Baseline


class StaffWork(Core):
    """The use cases of nurses that stand on the core alone."""

    @cached_property
    def planning(self) -> Planning:
        """Capacities, substitutes and duties."""
        return Planning(self.store, self.clock)

    @cached_property
    def finding(self) -> Finding:
        """Search for people."""
        return Finding(self.store)

    @cached_property
    def numbers(self) -> Numbers:
        """Numbers for the yearly report."""
        return Numbers(self.store, self.settings.tz)

    @cached_property
    def escalation(self) -> Escalation:
        """Alarms that nobody answered."""
        return Escalation(self.store, self.clock, self.settings.tz, self.settings.recipient)

    @cached_property
    def confirmations(self) -> Confirmations:
        """Unlikely values."""
        return Confirmations(self.store, self.clock, self.settings.tz, self.settings.recipient)

    def alarms_in_one_transaction(self, people: Sequence[UUID]) -> int:
        """How many of these people's alarms were stored with their value and their message, for benchmarks."""
        return Baseline(self.database.admin).alarms_together(people)

    @cached_property
    def set_apart(self) -> SetApart:
        """Values that cannot be true."""
        s = self.settings
        return SetApart(self.store, self.clock, s.tz, s.recipient, self.receive)
