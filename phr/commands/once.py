"""Every kind of job of the worker once, without a queue: for a cron job, and for installations that run no worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from phr import logs
from phr.bootstrap import System
from phr.errors import Busy

Job = Callable[[System, str], Any]


def _sealed(made: System, request: str) -> int:
    """The roots of the days that are over, and whether what is new in the trail holds."""
    verdict = made.trail.verify_new(request=request)
    found = len(made.trail.seal(request=request, proven=verdict.proven))
    made.proofs.note(ok=verdict.ok, whole=False, request=request)
    return found


OFTEN: Final[Mapping[str, Job]] = {
    "sync": lambda made, request: made.syncing.round(request=request),
    "uploads": lambda made, request: made.upload_jobs.round(request=request),
    "copies": lambda made, request: made.take_outs.round(request=request),
    "bulk": lambda made, request: made.bulk_jobs.round(request=request),
    "budgets": lambda made, request: made.fund_points(request=request),
    "moves": lambda made, request: made.moves.follow(request=request),
    "escalate": lambda made, request: made.escalation(request=request),
    "rights": lambda made, request: made.rights_round(request=request),
    "subscriptions": lambda made, request: made.numbering.round(request=request),
    "deliver": lambda made, request: made.deliver(made.one_ledger)(request=request),
    "measure": lambda made, request: made.measure(request=request),
    "watch": lambda made, request: made.unusual.round(request=request),
    "seal": _sealed,
    "forget": lambda made, request: made.common_id.sweep(request) + made.smart_apps.sweep(request),
}
"""What the worker does every few seconds to every hour, by the names of its jobs; what makes letters comes before the deliveries."""
DAILY: Final[Mapping[str, Job]] = {
    "ending": lambda made, request: made.lots_ending.round(request=request),
    "consents": lambda made, request: made.consent_round(request),
    "assess": lambda made, request: made.assess(request=request),
    "reconcile": lambda made, request: made.compare_points(request=request),
    "earn": lambda made, request: made.earning_round(request=request),
    "prove": lambda made, request: made.prove(request=request),
    "remind": lambda made, request: (
        made.reminders.round(request=request),
        made.nudging.round(request=request),
    ),
}
"""What it does once a day, in the order of the day."""
NEVER: Final = frozenset({"tidy", "open"})
"""What is not of this kind: the queue that there is none of, and the statistics of a year, which have a command of their own."""


def rounds(made: System, request: str, *, daily: bool) -> tuple[dict[str, Any], list[str]]:
    """What each job gave, and which failed: one that fails costs the others nothing, and is told by its kind."""
    done: dict[str, Any] = {}
    failed = []
    for name, job in ({**DAILY, **OFTEN} if daily else OFTEN).items():
        try:
            done[name] = job(made, request)
        except Busy:
            done[name] = "later"  # what it calls is away, such as the ledger
        except Exception as error:  # noqa: BLE001 - whatever failed; the next round tries again
            logs.get().error("job failed", job=name, reason=type(error).__name__)
            failed.append(name)
    return done, failed
