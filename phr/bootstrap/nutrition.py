"""What people eat and drink, and what check-ups say otherwise than we do."""

from __future__ import annotations

from functools import cached_property

from phr.bootstrap.core import Core
from phr.services.differences import Differences
from phr.services.nutrition import Diary


class Nutrition(Core):
    """What people eat and drink, and what check-ups say otherwise than we do."""

    @cached_property
    def diary(self) -> Diary:
        """Food and drink."""
        s = self.settings
        return Diary(self.store, self.clock, s.tz, s.recipient, self.receive)

    @cached_property
    def differences(self) -> Differences:
        """Delivered judgements of check-ups against ours."""
        s = self.settings
        return Differences(self.store, self.clock, s.tz, s.recipient, s.check_glucose_rule)
