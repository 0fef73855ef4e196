"""Escalation: a red alarm that nobody answered goes to the duty inbox, once, at nine on the next working day (R5-4)."""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

from phr.clock import Clock
from phr.domain import queue
from phr.domain.access import machine
from phr.domain.working_days import escalates_at
from phr.ids import new_id
from phr.store.tables import WorkItem
from phr.store.uow import Store

TEMPLATE: Final = "escalation"
DUTY: Final = "duty"
"""Whom the message is for: not the person, but whoever is on duty in the organisation."""


class Escalation:
    """Looks for what nobody answered."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, recipient: str) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient

    def __call__(self, *, request: str) -> int:
        """One round; gives how many cases escalated. Each in its own transaction, with its event and its message."""
        now = self._clock.now()
        hour = queue.standard().escalation_hour
        access = machine(self._recipient, "guidance", request, part="escalate")
        with self._store.begin(access) as uow:
            due = [
                item
                for item in uow.worklist.unanswered()
                if item.basis.get("severity") == "red"
                and now >= escalates_at(item.opened_at, self._zone, hour)
            ]
            uow.commit()
        return sum(self._one(item, request) for item in due)

    def _one(self, found: WorkItem, request: str) -> bool:
        """Escalates one, unless somebody answered or escalated it meanwhile."""
        now = self._clock.now()
        access = machine(self._recipient, "guidance", request, found.person_id, part="escalate")
        with self._store.begin(access) as uow:
            item = uow.worklist.get(found.item_id, lock=True)
            answered = item is None or item.state == "closed" or item.stage == "contacted"
            if item is None or answered or item.escalated_at is not None:
                return False
            item.escalated_at, item.version = now, item.version + 1
            uow.worklist.put(item, "escalated", "escalate", now)
            uow.outbox.post(
                item.person_id,
                new_id(),
                "message",
                f"escalation:{item.item_id}:{item.opened_at.isoformat()}",
                {"template": TEMPLATE, "severity": "red", "from": self._recipient, "to": DUTY},
                now,
            )
            uow.audit.add("escalate", "case", item.person_id, categories=item.category, count=1)
            uow.commit()
        return True
