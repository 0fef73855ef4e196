"""Letters in bulk: made from cases and messages, printed again as they were, sent, and returned."""

from phr.services.letters.batches import Letters
from phr.services.letters.parts import Candidate, Line, Made, Opened

__all__ = ["Candidate", "Letters", "Line", "Made", "Opened"]
