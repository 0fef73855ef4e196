"""What happened to a case: its row, and what a case that begins again forgets."""

from __future__ import annotations

from datetime import datetime

from phr.domain.worklist import BEGINS, NEW
from phr.store.tables import WorkEvent, WorkItem


def begun(item: WorkItem, event: str) -> None:
    """A case that begins again nobody has seen yet; one that is opened has not escalated either."""
    if event in BEGINS:
        item.stage = NEW
    if event == "opened":
        item.escalated_at = None


def happened(item: WorkItem, event: str, actor: str, now: datetime, note: str = "") -> WorkEvent:
    """The row for what happened in the present version of a case."""
    return WorkEvent(
        person_id=item.person_id,
        item_id=item.item_id,
        version=item.version,
        category=item.category,
        day=item.day,
        event=event,
        actor=actor,
        note=note,
        at=now,
    )
