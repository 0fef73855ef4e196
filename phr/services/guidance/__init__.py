"""Specific health guidance: its courses, and what is handed to insurers."""

from phr.services.guidance.courses import Courses, Moved, Opened, Row
from phr.services.guidance.handover import Handed, Handover

__all__ = ["Courses", "Handed", "Handover", "Moved", "Opened", "Row"]
