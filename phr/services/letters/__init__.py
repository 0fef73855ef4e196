"""Letters in bulk: made from cases and messages, printed again as they were, sent, and returned."""

from phr.services.letters.batches import Letters
from phr.services.letters.parts import Candidate, Line, Made, Opened
from phr.store.tables import LetterBatch

__all__ = ["Candidate", "LetterBatch", "Letters", "Line", "Made", "Opened"]
