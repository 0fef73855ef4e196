"""Scores, trends and questionnaires for residents and nurses."""

from __future__ import annotations

from functools import cached_property

from phr.bootstrap.core import Core
from phr.services.home_targets import HomeTargets
from phr.services.questionnaires import Questionnaires
from phr.services.risk_display import RiskDisplay


class Health(Core):
    """Scores, trends and questionnaires for residents and nurses."""

    @cached_property
    def risk_display(self) -> RiskDisplay:
        """The published score that a resident asked for."""
        s = self.settings
        return RiskDisplay(self.store, self.clock, s.tz, s.recipient)

    @cached_property
    def questionnaires(self) -> Questionnaires:
        """Answers to questionnaires."""
        s = self.settings
        return Questionnaires(self.store, self.clock, s.tz, self.receive, s.recipient)

    @cached_property
    def home_targets(self) -> HomeTargets:
        """Goals for home blood pressure."""
        return HomeTargets(self.store, self.clock, self.settings.tz)
