"""The worker: Celery runs deliveries and schedules; the truth is in PostgreSQL, so a lost broker loses nothing."""

from __future__ import annotations

from typing import Any

from celery import Celery

from phr.bootstrap import System, start
from phr.ids import new_id

_running: list[System] = []


def _system() -> System:
    """The system of this worker process."""
    if not _running:
        _running.append(start())
    return _running[0]


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
        timezone=system.settings.zone,
        worker_hijack_root_logger=False,
    )
    deliver_task = app.task(deliver, name="phr.deliver")
    seal_task = app.task(seal, name="phr.seal")
    app.conf.beat_schedule = {
        "deliver": {"task": deliver_task.name, "schedule": 5.0},
        "seal": {"task": seal_task.name, "schedule": 3600.0},
    }
    return app


def deliver() -> dict[str, int]:
    """Delivers what is due. Arguments and results hold no personal data."""
    system = _system()
    request = f"worker-{new_id()}"
    system.operate.beat("worker", request=request)
    done = system.deliver(system.ledger())(request=request)
    return {"delivered": done.delivered, "waiting": done.waiting, "dead": done.dead}


def seal() -> int:
    """Makes the roots of the days that are over."""
    return len(_system().trail.seal(request=f"worker-{new_id()}"))


def run(system: System) -> Any:
    """Runs a worker with its own schedule in this process."""
    _running[:] = [system]
    return make_app(system).Worker(beat=True, concurrency=1, pool="solo", loglevel="WARNING").start()
