"""Whether a programme helps: cohorts, comparisons and the report."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from phr.bootstrap.core import Core
from phr.services.evaluation.programmes import Programmes

if TYPE_CHECKING:
    from phr.services.evaluation.reports import Reports


class Evaluation(Core):
    """Whether a programme helps: cohorts, comparisons and the report."""

    @cached_property
    def programmes(self) -> Programmes:
        """Programmes; hashes of serial numbers outlive a rotation of the secrets."""
        return Programmes(self.store, self.clock, self.settings.tz, self.lasting_key("device-serial"))

    @cached_property
    def programme_reports(self) -> Reports:
        """Their reports."""
        from phr.services.evaluation.reports import Reports  # noqa: PLC0415 - statistics are slow to load, and few ask
        from phr.typeset import Press  # noqa: PLC0415 - as above

        return Reports(self.store, self.clock, self.settings.tz, Press())
