"""What those who run the service use: figures of the plan, and the accounts of staff."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from phr.bootstrap.core import Core
from phr.services.accounts import Managing
from phr.services.directory import Directory

if TYPE_CHECKING:
    from phr.services.figures import Figures


class Running(Core):
    """The use cases of operators that stand on the core alone."""

    @cached_property
    def managing(self) -> Managing:
        """Accounts of staff."""
        return Managing(self.store, self.clock, self.settings.recipient)

    @cached_property
    def figures(self) -> Figures:
        """Figures of the city's plan."""
        from phr.services.figures import Figures  # noqa: PLC0415 - the vocabulary is slow to load for small commands

        s = self.settings
        return Figures(self.store, self.clock, s.tz, s.recipient, s.export_k)

    def measure(self, *, request: str) -> int:
        """Counts and keeps today's figures; says how many there are."""
        institutes = Directory(self.store).organisations("researcher", request=request)
        return len(self.figures.measure(institutes, request=request))
