"""Every metric of the service with its labels and meaning; no label ever holds an id, a name or a value of anybody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

_SHORT: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

REQUESTS: Final = Counter("phr_requests_total", "Requests by route and status.", ["route", "status"])
SECONDS: Final = Histogram("phr_request_seconds", "Duration of requests by route.", ["route"])
SAMPLES: Final = Counter(
    "phr_samples_total",
    "Samples that came in, by what became of them: stored, repeated, conflict, corrected, quarantined, refused"
    " (no consent), rejected (unreadable), document.",
    ["outcome"],
)
ALARM_SECONDS: Final = Histogram(
    "phr_alarm_seconds",
    "From the arrival of a delivery that raised an alarm until its case was durable on the work list.",
    buckets=_SHORT,
)
WITHDRAWAL_SECONDS: Final = Histogram(
    "phr_withdrawal_seconds",
    "From the call that withdraws a consent until it counts for every read, and files made of it are gone.",
    buckets=_SHORT,
)
LETTER_SECONDS: Final = Histogram(
    "phr_letter_seconds",
    "One attempt to deliver letters of a kind to the other side.",
    ["kind"],
    buckets=_SHORT,
)


@dataclass(frozen=True, slots=True)
class Read:
    """A figure that is read from the database when somebody looks. labels: names, in the order of their values."""

    labels: tuple[str, ...]
    text: str


READ: Final[dict[str, Read]] = {
    "phr_figures_read": Read(
        ("part",),
        "1 while this part of the figures below could be read, 0 when the database did not answer in time.",
    ),
    "phr_worker_seen_seconds": Read(
        (), "Seconds since the worker was last seen; absent before the first time."
    ),
    "phr_job_ended_seconds": Read(("job",), "Seconds since a job of the worker last went well."),
    "phr_job_failing": Read(("job",), "1 when a job's last run failed, else 0."),
    "phr_letters": Read(
        ("kind", "state"), "Letters for outside that wait, or that nobody tries any more (dead)."
    ),
    "phr_letters_oldest_seconds": Read(("kind",), "Age of the oldest letter that waits."),
    "phr_connections": Read(("provider", "state"), "Connections to data clouds."),
    "phr_connections_failing": Read(("provider",), "Of these, how many failed last."),
    "phr_connections_overdue_seconds": Read(("provider",), "How long the longest due connection has waited."),
    "phr_gateways": Read((), "Gateway boxes that may post."),
    "phr_gateways_silent": Read((), "Of these, how many were not seen for a day."),
    "phr_sign_in_failures": Read((), "Failed sign-ins of names that failed within a day."),
    "phr_alarms_waiting": Read(("severity",), "Alarms on the work list that nobody has answered."),
    "phr_alarms_waiting_seconds": Read(("severity",), "Age of the oldest of them."),
    "phr_set_apart": Read((), "Values that cannot be true and that nobody has decided on."),
    "phr_refusals": Read(("role",), "Looks that the rules refused within the last hour, by role."),
    "phr_withdrawals": Read((), "Consents withdrawn within the last day."),
    "phr_opt_ins": Read(
        ("purpose",), "Residents with a live consent for a purpose; absent below the smallest group."
    ),
    "phr_audit_verified_seconds": Read(
        (),
        "Seconds since what came since the newest root of the audit trail was last recomputed, or all of it.",
    ),
    "phr_audit_whole_seconds": Read((), "Seconds since the whole audit trail was last recomputed."),
    "phr_audit_holds": Read((), "1 when the last check of the audit trail found nothing wrong, else 0."),
    "phr_audit_root_days": Read((), "Days between today and the newest day with a published root."),
    "phr_kept_seconds": Read(("kind",), "Seconds since the last good backup or restore drill."),
    "phr_kept_failing": Read(("kind",), "1 when the last backup or drill failed, else 0."),
    "phr_wal_kept_seconds": Read(
        (), "Age of the instant up to which the database's log is in the archive: what a loss now would cost."
    ),
    "phr_wal_held_bytes": Read((), "Log that the server keeps on its own disk until the archive has it."),
    "phr_standby_answers": Read(
        (), "1 while the standby of PHR_REPLICA_URL answers and follows this primary, else 0."
    ),
    "phr_standby_behind_bytes": Read((), "Log of the primary that the standby has not replayed yet."),
    "phr_standby_behind_seconds": Read(
        (), "Age of what the standby replayed last, while it is behind; 0 when it is not."
    ),
    "phr_database_bytes": Read((), "Size of the database on disk."),
    "phr_vitals_bytes": Read((), "Of this, measurements and their summaries."),
    "phr_database_connections": Read(
        ("state",), "Connections of the service, of all its processes, by state."
    ),
    "phr_database_connections_limit": Read((), "Connections that the server takes."),
    "phr_clock_skew_seconds": Read((), "Clock of the database less the clock of this process."),
    "phr_pool": Read(("state",), "Connections that this process holds: in use, idle."),
    "phr_unusual_access": Read(("rule",), "Findings of unusual access in the last week."),
    "phr_ledger_letters": Read(("state",), "Letters to the points ledger."),
    "phr_ledger_differences": Read((), "Differences that the last comparison with the ledger found."),
    "phr_ledger_resting": Read((), "1 while the ledger is left alone after failures."),
}
"""Everything else: read by one process, true for all of them."""

Reading = tuple[str, tuple[str, ...], float]
"""A name of ``READ``, the values of its labels, and the figure."""


class _Found:
    """Readings in the form that prometheus_client collects."""

    def __init__(self, readings: Sequence[Reading]) -> None:
        self._readings = readings

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One family for each name that was read."""
        families: dict[str, GaugeMetricFamily] = {}
        for name, labels, value in self._readings:
            if name not in families:
                families[name] = GaugeMetricFamily(name, READ[name].text, labels=READ[name].labels)
            families[name].add_metric(labels, value)
        yield from families.values()


def exposed(readings: Sequence[Reading], shared: str = "") -> bytes:
    """What a scrape gets: this process's counts, or those of all that share a folder, and what was read."""
    counted = REGISTRY
    if shared:
        counted = CollectorRegistry()
        collector: Any = MultiProcessCollector
        collector(counted, path=shared)
    found = CollectorRegistry()
    kept: Any = _Found(readings)
    found.register(kept)
    return generate_latest(counted) + generate_latest(found)


def fresh(folder: Path) -> Path:
    """An empty folder in which several processes count together: what was counted before a restart is gone."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.db"):
        old.unlink()
    return folder


def serve_alone(port: int) -> None:
    """Shows what this process counts on a port of this machine, for a process that serves nothing else."""
    start_http_server(port, addr="127.0.0.1")


def rows() -> list[tuple[str, str, str, str]]:
    """Name, kind, labels and meaning of every metric that the loaded modules declare, for the reference."""
    library: Any = REGISTRY
    found = []
    for each in set(library._collector_to_names):  # noqa: SLF001 - the library lists its metrics nowhere else
        if isinstance(each, Counter | Histogram | Gauge):
            known = vars(each)
            kind = type(each).__name__.lower()
            name = known["_name"] + ("_total" if kind == "counter" else "")
            found.append((name, kind, ", ".join(known["_labelnames"]), known["_documentation"]))
    found += [(name, "gauge", ", ".join(one.labels), one.text) for name, one in READ.items()]
    return sorted(found)
