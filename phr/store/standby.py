"""The standby that settings name, as who watches it sees it: whether it follows, and how far behind it is."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import Final

import psycopg

from phr.errors import Busy
from phr.store.engine import Connect

_PLACE: Final = "SELECT pg_current_wal_flush_lsn()::text, (pg_control_system()).system_identifier"
_BEHIND: Final = (
    "SELECT greatest(pg_wal_lsn_diff(%s::pg_lsn, pg_last_wal_replay_lsn()), 0)::bigint,"
    " greatest(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0)::float8"
    " WHERE pg_is_in_recovery() AND (pg_control_system()).system_identifier = %s"
)


@dataclass(frozen=True, slots=True)
class Behind:
    """How far a standby is behind what its primary had flushed: bytes of log, and the age of what it replayed last."""

    size: int
    seconds: float


def behind(primary: Connect, standby: Connect) -> Behind | None:
    """Asks both; None where the standby does not answer, was promoted, or follows another server.

    Raises Busy where the primary does not answer.
    """
    try:
        with closing(primary()) as connection:
            place = connection.execute(_PLACE).fetchone()
    except psycopg.Error as error:
        raise Busy("the database does not answer") from error
    if place is None:
        return None
    try:
        with closing(standby()) as connection:
            connection.execute("SET statement_timeout = '2s'")
            found = connection.execute(_BEHIND, place).fetchone()
    except psycopg.Error:
        return None
    if found is None:
        return None
    size = int(found[0] or 0)
    return Behind(size, float(found[1] or 0.0) if size else 0.0)
