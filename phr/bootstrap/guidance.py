"""Specific health guidance (特定保健指導) from the first interview to its evaluation."""

from __future__ import annotations

from functools import cached_property

from phr.bootstrap.earning import EarningPoints
from phr.services.guidance import Courses, Handover


class Guidance(EarningPoints):
    """Specific health guidance (特定保健指導) from the first interview to its evaluation."""

    @cached_property
    def courses(self) -> Courses:
        """Courses of guidance; only for people whose insurer this city acts for."""
        s = self.settings
        numbers = [one for one in s.insurer_numbers.split(",") if one]
        return Courses(self.store, self.clock, s.tz, numbers, self.course_moved)

    @cached_property
    def handover(self) -> Handover:
        """Reports for insurers."""
        s = self.settings
        return Handover(self.store, self.clock, s.tz, s.guidance_institution)
