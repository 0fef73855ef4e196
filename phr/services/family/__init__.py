"""Families: who acts for whom, what they see and enter of a child, check-ins, and the tooth-brushing game."""

from phr.services.family.brushing import Brushing, Game
from phr.services.family.checkins import Answered, CheckIns
from phr.services.family.children import Child, Children
from phr.services.family.guardians import Acting, Clerk, Guardians

__all__ = ["Acting", "Answered", "Brushing", "CheckIns", "Child", "Children", "Clerk", "Game", "Guardians"]
