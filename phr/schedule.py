"""The schedule of the worker whose turn it is: what fell due while nobody had the turn, and clocks that are set back."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

from celery.beat import Scheduler
from celery.schedules import crontab

from phr.domain.signs import JOB
from phr.errors import PhrError

_HANDOVER: Final = timedelta(minutes=1)  # longer than the silence after which a worker loses its turn
_SET_BACK: Final = 30.0  # seconds by which a clock is set back; less is what keeping it right does


class OneSchedule(Scheduler):  # type: ignore[misc] # Celery tells no types
    """The schedule of the one worker whose turn it is; those of the others stand still until they get the turn.

    ended: when each job ended well, by its sign of life.
    """

    def __init__(
        self,
        mine: Callable[[], bool],
        *given: Any,
        ended: Callable[[], Mapping[str, datetime]] = dict,
        **named: Any,
    ) -> None:
        self._mine = mine
        self._ended = ended
        self._held = False
        self._ahead = 0.0
        super().__init__(*given, **named)

    def tick(self, *given: Any, **named: Any) -> float:
        """Sends what is due, if it is this worker's turn; gives the seconds until it should be asked again."""
        if self._mine():
            self._go_on_after_a_step_back()
            if not self._held:
                self._catch_up()
            self._held = True
            return float(super().tick(*given, **named))
        # Whoever had the turn sent everything until shortly before now. What fell due in the last minute is sent
        # again after a change of turns: each job may run twice, and none of them may be left out.
        for entry in self.schedule.values():
            entry.last_run_at = entry.default_now() - _HANDOVER
        self._heap = None
        self._held = False
        return float(self.max_interval)

    def _go_on_after_a_step_back(self) -> None:
        """A clock that is set back does not stop the schedule until the old time comes again."""
        ahead = time.time() - time.monotonic()
        if ahead < self._ahead - _SET_BACK:
            for entry in self.schedule.values():
                entry.last_run_at = min(entry.last_run_at, entry.default_now())
            self._heap = None
        self._ahead = ahead

    def _catch_up(self) -> None:
        """What fell due while nobody had the turn, or in a worker that was lost, is due now, unless it is stale by now."""
        with suppress(PhrError):
            ended = self._ended()
            for name, entry in self.schedule.items():
                if isinstance(entry.schedule, crontab) and (went := ended.get(JOB + name)) is not None:
                    now = entry.default_now()
                    stale = timedelta(seconds=entry.options.get("expires", 0))
                    entry.last_run_at = min(max(went, now - stale).astimezone(now.tzinfo), now)
            self._heap = None
