"""The repositories of bulk data over one transaction."""

from __future__ import annotations

from functools import cached_property

import psycopg
from psycopg.rows import TupleRow

from phr.store.bulk import BulkGivens, BulkJobs
from phr.store.bulk_reads import BulkReads
from phr.store.cohorts import Cohorts


class Bulk:
    """Jobs, what was given, what is read, and cohorts."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._connection = connection

    @cached_property
    def jobs(self) -> BulkJobs:
        """Jobs and their files."""
        return BulkJobs(self._connection)

    @cached_property
    def givens(self) -> BulkGivens:
        """What recipients hold."""
        return BulkGivens(self._connection)

    @cached_property
    def reads(self) -> BulkReads:
        """What exports read."""
        return BulkReads(self._connection)

    @cached_property
    def cohorts(self) -> Cohorts:
        """Groups of this recipient."""
        return Cohorts(self._connection)
