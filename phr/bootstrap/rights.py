"""Rights of people, leaks, provisions and the end of the service, joined to what they need."""

from __future__ import annotations

from functools import cached_property

from phr.bootstrap.core import Core
from phr.services.rights.incidents import Incidents


class Rights(Core):
    """What people may demand, and what the city owes."""

    @cached_property
    def incidents(self) -> Incidents:
        """The register of leaks."""
        s = self.settings
        return Incidents(self.store, self.clock, s.tz, s.recipient)
