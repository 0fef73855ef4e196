"""Work away from the network: the emergency card, and home visits that are sent later."""

from __future__ import annotations

from functools import cached_property
from typing import Any, cast

from phr.bootstrap.core import Core
from phr.services.emergency import Emergency
from phr.services.visits import Visits
from phr.services.worklist import Worklist


class Away(Core):
    """What is used where there is no network."""

    @cached_property
    def emergency(self) -> Emergency:
        """Emergency cards."""
        return Emergency(self.store, self.clock, self.settings.tz, self.receive, self.receive.within)

    @cached_property
    def visits(self) -> Visits:
        """Entries of home visits; the contact is one of the work list, which the whole system has."""
        worklist = cast("Worklist", cast("Any", self).worklist)
        return Visits(self.store, self.clock, self.settings.tz, worklist.contact, self.receive)
