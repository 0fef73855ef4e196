"""The benchmark of growth, wired to the database that it fills as its administrator."""

from __future__ import annotations

from functools import cached_property

from phr.bootstrap.core import Core
from phr.store.growth import Growth, Model
from phr.store.retention import Retention

__all__ = ["Growing", "Model"]


class Growing(Core):
    """What the benchmark of growth may do to its own installation."""

    @cached_property
    def growth(self) -> Growth:
        """Filling and weighing; only benchmarks ask."""
        return Growth(self.database.admin)

    @cached_property
    def retention(self) -> Retention:
        """Deleting by age, block by block."""
        return Retention(self.database.admin, self.sealer)
