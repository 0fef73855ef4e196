"""Signs of life: the names by which the worker, its jobs and the check of the trail say when they last ended, and how."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

WORKER: Final = "worker"
JOB: Final = "job-"
FAILED: Final = "job-failed-"
HELD: Final = "audit-held"
BROKEN: Final = "audit-broken"
WHOLE_HELD: Final = "audit-whole-held"
WHOLE_BROKEN: Final = "audit-whole-broken"
LOG: Final = "job-log"
"""Of the database's log: the instant up to which everything is in the archive."""


def jobs(signs: Mapping[str, datetime]) -> dict[str, tuple[datetime | None, bool]]:
    """Each job by its name: when it last went well, and whether its last run failed."""
    went = {
        name.removeprefix(JOB): at
        for name, at in signs.items()
        if name.startswith(JOB) and not name.startswith(FAILED)
    }
    failed = {name.removeprefix(FAILED): at for name, at in signs.items() if name.startswith(FAILED)}
    return {
        job: (went.get(job), job in failed and (job not in went or failed[job] > went[job]))
        for job in sorted({*went, *failed})
    }


def checked(signs: Mapping[str, datetime]) -> tuple[datetime, bool] | None:
    """The last check of the audit trail: when, and whether it holds; None before the first.

    What a check of the whole trail found wrong stays wrong until such a check finds it right again: the check of each
    hour looks at the newest rows only.
    """
    whole, new = _newest(signs, WHOLE_HELD, WHOLE_BROKEN), _newest(signs, HELD, BROKEN)
    if whole is None or new is None:
        return whole or new
    return max(whole[0], new[0]), whole[1] and (new[1] or new[0] < whole[0])


def checked_wholly(signs: Mapping[str, datetime]) -> datetime | None:
    """When the whole trail was last checked."""
    found = _newest(signs, WHOLE_HELD, WHOLE_BROKEN)
    return found and found[0]


def _newest(signs: Mapping[str, datetime], held: str, broken: str) -> tuple[datetime, bool] | None:
    found = [(signs[name], name == held) for name in (held, broken) if name in signs]
    return max(found, key=lambda one: (one[0], not one[1])) if found else None
