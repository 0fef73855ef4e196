"""The worker: Celery runs deliveries and schedules; the truth is in PostgreSQL, so a lost broker loses nothing."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from typing import Any, Final

from celery import Celery, current_app
from celery.beat import EmbeddedService
from celery.schedules import crontab

from phr import logs
from phr.bootstrap import System, start
from phr.domain.signs import FAILED, JOB
from phr.errors import Conflict, PhrError, Refused
from phr.ids import new_id
from phr.schedule import OneSchedule

_running: list[System] = []
_apart: dict[str, threading.Thread] = {}
"""The long jobs that have run beside the deliveries, by name; at most one thread for each."""
_AFTER_MIDNIGHT: Final = (0, 40)  # city time: points end when the day is over
_NIGHT: Final = (3, 10)  # hour and minute of the city at which everybody is assessed
_EARLY: Final = (5, 10)  # city time: after the assessment, before anybody looks at the points of yesterday
_MIDNIGHT: Final = (0, 5)  # city time: who comes of age does so when the day begins
_BEFORE_DAWN: Final = (4, 20)  # city time: the day's letters have gone out
_MORNING: Final = (8, 30)  # city time: after the quiet hours
_STOPPED: Final = {
    "uploads",
    "copies",
    "bulk",
    "sync",
}  # what a stopping worker waits for: they give back what they hold
_PATIENCE: Final = 20.0  # seconds for it to be given back when the worker stops
_COUNTED: Final = {"deliver", "uploads", "copies", "bulk"}  # what they work on counts its own tries
_GENTLE: Final = 10  # niceness of what runs beside: a tenth of the weight of a page or a letter
_NOT_GENTLE: Final = {"sync"}  # it mostly waits for the cloud, and what it brings may be an alarm
_BESIDE: Final = {
    "uploads",
    "copies",
    "bulk",
    "sync",
    "assess",
    "earn",
    "prove",
}  # they begin in a thread of their own


def _system() -> System:
    """The system of this worker process."""
    if not _running:
        _running.append(start())
    return _running[0]


def told_by_kind(job: str, work: Callable[..., Any], *, apart: bool = False) -> Callable[..., Any]:
    """The same work whose failure is logged by its kind: the text of an exception may hold a value or a name.

    apart: it runs in a thread of its own; what only began there has not ended well yet.
    """

    def run(**given: Any) -> Any:
        try:
            if not _may_begin(job, apart=apart):
                logs.get().error("job rests", job=job, reason="worker-lost")
                return None
            done = work(**given)
        except Exception as error:  # noqa: BLE001 - whatever failed; the next round of the schedule tries again
            logs.get().error("job failed", job=job, reason=type(error).__name__)
            _sign(FAILED + job)
            return None
        if apart or job not in _apart:
            _sign(JOB + job)
        return done

    return run


def _may_begin(job: str, *, apart: bool) -> bool:
    """Notes the start of a job, so that one that no worker survives is known; what begins in a thread is noted there."""
    if job in _COUNTED or (job in _BESIDE and not apart):
        return True
    return _system().operate.begin(job, request=f"worker-{new_id()}")


def _sign(of_life: str) -> None:
    """Notes for the metrics that a job ended; that the database is away is told by the job itself."""
    with suppress(PhrError):
        _system().operate.beat(of_life, request=f"worker-{new_id()}")


@cache
def _task(job: str, work: Callable[..., Any]) -> Callable[..., Any]:
    """The same callable each time: Celery knows a task by it."""
    return told_by_kind(job, work)


def make_app(system: System) -> Celery:
    """Celery over Redis or RabbitMQ where settings name one, else over the database itself."""
    app = Celery("phr", broker=system.broker_url)
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=True,
        worker_prefetch_multiplier=1,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,  # it comes back some day, and nobody should have to start us then
        worker_cancel_long_running_tasks_on_connection_loss=False,  # it ends well, and its repeat finds nothing to do
        timezone=system.settings.zone,
        worker_hijack_root_logger=False,
    )
    app.conf.beat_schedule = {}
    for name, (work, when, expires) in _jobs().items():
        task = app.task(_task(name, work), name=f"phr.{name}")
        app.conf.beat_schedule[name] = {"task": task.name, "schedule": when, "options": {"expires": expires}}
    return app


def _jobs() -> dict[str, tuple[Callable[..., Any], float | crontab, int]]:
    """Every job by its name: the work, its seconds or time of day in the city, and after how many seconds it is stale."""
    return {
        "deliver": (deliver, 5.0, 60),
        "subscriptions": (subscriptions, 5.0, 60),
        "uploads": (uploads, 5.0, 60),
        "copies": (copies, 10.0, 60),
        "bulk": (bulk, 5.0, 60),
        "sync": (sync, 60.0, 60),
        "escalate": (escalate, 300.0, 300),
        "rights": (rights, 900.0, 900),
        "measure": (measure, 3600.0, 3600),
        "watch": (watch, 3600.0, 3600),
        "seal": (seal, 3600.0, 3600),
        "prove": (prove, crontab(day_of_week=0, hour=1, minute=30), 6 * 24 * 3600),
        "budgets": (budgets, 3600.0, 3600),
        "tidy": (tidy, 3600.0, 3600),
        "forget": (forget, 3600.0, 3600),
        "consents": (consents, _at(_MIDNIGHT), 12 * 3600),
        "assess": (assess, _at(_NIGHT), 3 * 3600),
        "reconcile": (reconcile, _at(_BEFORE_DAWN), 12 * 3600),
        "earn": (earn, _at(_EARLY), 3 * 3600),
        "remind": (remind, _at(_MORNING), 3600),
        "moves": (moves, 30.0, 60),
        "ending": (ending, _at(_AFTER_MIDNIGHT), 12 * 3600),
        "open": (tell_openly, crontab(month_of_year=4, day_of_month=10, hour=4, minute=0), 30 * 24 * 3600),
    }


def _at(time: tuple[int, int]) -> crontab:
    return crontab(hour=time[0], minute=time[1])


def deliver() -> dict[str, int]:
    """Delivers what is due. Arguments and results hold no personal data."""
    system = _system()
    request = f"worker-{new_id()}"
    set_back = system.operate.beat("worker", request=request)
    delivering = system.deliver(system.one_ledger)
    if set_back:
        delivering.clock_went_back(request=request)
    done = delivering(request=request)
    return {"delivered": done.delivered, "waiting": done.waiting, "dead": done.dead}


def subscriptions() -> int:
    """Numbers what happened for those who want to be told; the deliveries tell them. Says how many events."""
    return _system().numbering.round(request=f"worker-{new_id()}").events


def budgets() -> int:
    """Fills the budgets of a new fiscal year, once. Says how many payments were made."""
    return _system().fund_points(request=f"worker-{new_id()}")


def reconcile() -> int:
    """Compares our letters to the ledger with its log; changes nothing. Says how many differences there are."""
    return _system().compare_points(request=f"worker-{new_id()}")


def moves() -> int:
    """Moves exchanges and gifts of points on as far as their letters came; says how many moved, and of nobody."""
    return _system().moves.follow(request=f"worker-{new_id()}")


def ending() -> dict[str, int]:
    """Tells residents of points that are about to end, and ends what is over; says how many."""
    return _system().lots_ending.round(request=f"worker-{new_id()}")


def remind() -> dict[str, int]:
    """Posts reminders and nudges for those who asked for them; they go out by day, under their caps."""
    system = _system()
    request = f"worker-{new_id()}"
    return {
        "reminders": system.reminders.round(request=request),
        "nudges": system.nudging.round(request=request),
    }


def consents() -> dict[str, int]:
    """What time does to consents: birthdays, texts that ask again, and what a crash left of a recall."""
    return _system().consent_round(f"worker-{new_id()}")


def _beside(name: str, work: Callable[..., Any]) -> bool:
    """Begins a job in a thread, since a long one must not hold up deliveries; not while its last one runs."""
    running = _apart.get(name)
    if running is not None and running.is_alive():
        return False
    told = told_by_kind(name, work, apart=True)
    thread = threading.Thread(
        target=told if name in _NOT_GENTLE else _gently(told),
        kwargs={"request": f"worker-{new_id()}"},
        name=name,
        daemon=True,
    )
    _apart[name] = thread
    thread.start()
    return True


def _gently(work: Callable[..., Any]) -> Callable[..., Any]:
    """The same work in a thread that gives way: pages and alarms come before the export of a whole city."""

    def run(**given: Any) -> Any:
        if sys.platform == "linux":  # elsewhere a thread has no priority of its own
            thread = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, thread, max(_GENTLE, os.getpriority(os.PRIO_PROCESS, thread)))
        return work(**given)

    return run


def uploads() -> bool:
    """Reads the files that residents sent, beside the deliveries. Says whether it began."""
    return _beside("uploads", _system().upload_jobs.round)


def copies() -> bool:
    """Makes copies of everything that people asked for, in the same way."""
    return _beside("copies", _system().take_outs.round)


def bulk() -> bool:
    """Works on exports and imports of FHIR clients, in the same way."""
    return _beside("bulk", _system().bulk_jobs.round)


def rights() -> dict[str, int]:
    """Reminds of due days, announces and carries out deletions whose time has come. It tells of nobody: only how many."""
    return _system().rights_round(request=f"worker-{new_id()}")


def sync() -> bool:
    """Reads the connections to data clouds that are due, in the same way: a cloud may be slow, and letters wait for none."""
    return _beside("sync", _system().syncing.round)


def watch() -> dict[str, int]:
    """Looks for unusual access; says how many findings of each rule were new, and of nobody."""
    return _system().unusual.round(request=f"worker-{new_id()}")


def seal() -> int:
    """Makes the roots of the days that are over, and notes whether what came since the newest one holds."""
    system = _system()
    request = f"worker-{new_id()}"
    verdict = system.trail.verify_new(request=request)
    made = len(system.trail.seal(request=request, proven=verdict.proven))
    system.proofs.note(ok=verdict.ok, whole=False, request=request)
    return made


def prove() -> bool:
    """Recomputes the whole trail, in the same way: of years it takes long. Says whether it began."""
    return _beside("prove", _system().prove)


def measure() -> int:
    """Counts today's figures of the city's plan, in place of the hour before. Says how many there are."""
    return _system().measure(request=f"worker-{new_id()}")


def tell_openly() -> int:
    """Publishes last year's open statistics, once; a year that is out, or a spent budget, changes nothing. Says how many went to the broker."""
    try:
        return _system().open_year(request=f"worker-{new_id()}")
    except (Conflict, Refused):
        return 0


def escalate() -> int:
    """Sends the red alarms that nobody answered by nine of the next working day to the duty inbox. Says how many."""
    return _system().escalation(request=f"worker-{new_id()}")


def assess() -> bool:
    """Assesses the city, in the same way. It is told of nobody and tells of nobody."""
    return _beside("assess", _system().assess)


def earn() -> bool:
    """Enters what devices, check-ups and brushing earned, in the same way."""
    return _beside("earn", _system().earning_round)


def forget() -> int:
    """Forgets sign-ins that nobody came back for."""
    request = f"worker-{new_id()}"
    return _system().common_id.sweep(request) + _system().smart_apps.sweep(request)


def tidy() -> int:
    """Empties the queue: kombu keeps every message that it delivered through the database, and the schedule refills it."""
    return int(current_app.control.purge() or 0)


def run(system: System) -> Any:
    """Runs a worker with its own schedule in this process; what fell due while none ran goes out at once."""
    _running[:] = [system]
    app = make_app(system)
    app.send_task("phr.budgets")
    app.send_task("phr.deliver")
    # A thread, since a process of its own would outlive a worker that was killed; in memory, since the default
    # scheduler keeps a file, and that with pickle.
    ended = partial(system.operate.signs, request=f"worker-{new_id()}")
    mine = partial(OneSchedule, system.schedule_turn.mine, ended=ended)
    schedule = EmbeddedService(app, max_interval=1, thread=True, scheduler_cls=mine)
    schedule.start()
    system.alarm_letters.start()
    try:
        return app.Worker(concurrency=1, pool="solo", loglevel="WARNING").start()
    finally:
        schedule.stop()
        system.alarm_letters.stop()
        system.schedule_turn.give_back()
        system.upload_jobs.stop()
        system.take_outs.stop()
        system.bulk_jobs.stop()
        if "sync" in _apart:
            system.syncing.stop()
        for name in _STOPPED & _apart.keys():
            _apart[name].join(_PATIENCE)
