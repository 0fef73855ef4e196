"""The nightly assessment: every rule over the people who share their data for it; cases and RiskAssessments with reasons."""

from phr.services.assess.running import Assess
from phr.services.assess.setting import Assessed, Setting

__all__ = ["Assess", "Assessed", "Setting"]
