"""What people eat and drink, and what check-ups say otherwise than we do."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any
from uuid import UUID

from ingest.series import Series
from phr.bootstrap.core import Core
from phr.services.differences import Differences
from phr.services.nutrition import MEAL, Diary


class Nutrition(Core):
    """What people eat and drink, and what check-ups say otherwise than we do."""

    @cached_property
    def diary(self) -> Diary:
        """Food and drink."""
        s = self.settings
        return Diary(self.store, self.clock, s.tz, s.recipient, self.receive)

    def receive_from_cloud(self, person: UUID, series: Sequence[Series], *, request: str, **more: Any) -> Any:
        """Receives, and speaks of today's fat when food arrived: what is logged elsewhere counts as what is typed."""
        receipt = self.receive(person, series, request=request, **more)
        if receipt.stored and any(one.code == MEAL for one in series):
            self.diary.speak(person, request=request)
        return receipt

    @cached_property
    def differences(self) -> Differences:
        """Delivered judgements of check-ups against ours."""
        s = self.settings
        return Differences(self.store, self.clock, s.tz, s.recipient, s.check_glucose_rule)
