"""The nurse's day: list, open, claim, contact, decide, undo, hand over, find people, and what nobody answered."""

from phr.services.worklist.cases import Worklist
from phr.services.worklist.escalation import Escalation
from phr.services.worklist.finding import Finding, Found
from phr.services.worklist.moving import Decided
from phr.services.worklist.numbers import Line, Numbers
from phr.services.worklist.planning import Colleague, Planning
from phr.services.worklist.rows import Opened, Row, masked
from phr.store.worklist import Queued

__all__ = [
    "Colleague",
    "Decided",
    "Escalation",
    "Finding",
    "Found",
    "Line",
    "Numbers",
    "Opened",
    "Planning",
    "Queued",
    "Row",
    "Worklist",
    "masked",
]
