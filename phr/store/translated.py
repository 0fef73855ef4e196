"""What the database said, in the service's own words: its text stays out, since it may quote values."""

from __future__ import annotations

import psycopg
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from phr.errors import Busy, Conflict, Invalid, NotAllowed, PhrError


def translated(error: Exception) -> Exception:
    """The service's own word for what the database said. Its text stays out: it may quote values."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, psycopg.errors.InsufficientPrivilege):
        return NotAllowed("no-consent")
    if isinstance(cause, psycopg.errors.UniqueViolation | psycopg.errors.SerializationFailure):
        return Conflict("it was changed meanwhile")
    if isinstance(cause, psycopg.DataError) and cause.sqlstate in {None, "22021"}:
        return Invalid("holds a character that cannot be kept", field="text")  # NUL, or half of a pair
    if isinstance(cause, psycopg.errors.DeadlockDetected | psycopg.errors.LockNotAvailable):
        return Busy("the record is being written", after_seconds=1)
    if isinstance(cause, psycopg.OperationalError | PoolTimeout) or isinstance(error, OperationalError):
        return Busy("the database does not answer")
    if isinstance(cause, psycopg.Error):
        places = (cause.sqlstate, cause.diag.table_name, cause.diag.constraint_name)
        return PhrError(f"the database refused a statement: {' '.join(part for part in places if part)}")
    return PhrError(f"a statement could not be made: {type(error).__name__}")
