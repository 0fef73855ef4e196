"""The doctor, wired so that it works where the service does not."""

from __future__ import annotations

from functools import cached_property

from phr.bootstrap.core import Core
from phr.clients import reach
from phr.services.doctor import Doctor


class Examined(Core):
    """What looks at the installation."""

    @cached_property
    def doctor(self) -> Doctor:
        """Every check; nothing is opened before it is asked for."""
        return Doctor(
            self.settings,
            self.clock,
            lambda: self.database,
            lambda: self.store,
            lambda: [row[0] for row in self.sealer.rows()],
            reach.answers,
            reach.certificate_end,
            self.standby_behind,
        )
