"""Examination of the PostgreSQL servers: who else lives on this one, and whether the standby follows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from phr.domain.examination import Finding, spoken

LATE: Final = timedelta(minutes=5)


def neighbours(strangers: Sequence[str]) -> Finding:
    """Databases of this server that let phr_app in and accept none of our seals."""
    if strangers:
        return Finding(
            "neighbours",
            "warn",
            f"another installation's databases are on this PostgreSQL server: {', '.join(strangers)}",
            "Move one of them to a cluster of its own (docs/how-to/serve-several-cities.md), or drop what nobody needs.",
        )
    return Finding("neighbours", "ok", "no other installation is on this PostgreSQL server")


def standby(behind: timedelta | None) -> Finding:
    """The standby for exports: how far behind it is, None where it does not follow."""
    if behind is None:
        return Finding(
            "standby",
            "warn",
            "the standby does not answer or does not follow: exports read at the primary",
            "Start it, and compare PHR_REPLICA_URL with the server that follows this primary now.",
        )
    if behind > LATE:
        return Finding(
            "standby",
            "warn",
            f"the standby is {spoken(behind)} behind: exports read at the primary",
            "Look at the standby's log, its disk, and pg_stat_replication at the primary.",
        )
    return Finding("standby", "ok", "the standby follows")
