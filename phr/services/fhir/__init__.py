"""FHIR documents: read, versions, history, and every way to write them, alone or several in one transaction."""

from phr.services.fhir.changes import Change, Written
from phr.services.fhir.conditions import measured
from phr.services.fhir.reading import HistoryPage, Reading
from phr.services.fhir.transacting import FailedError, Step, Transacting
from phr.services.fhir.writing import Amend, Means, Writing

__all__ = [
    "Amend",
    "Change",
    "FailedError",
    "HistoryPage",
    "Means",
    "Reading",
    "Step",
    "Transacting",
    "Writing",
    "Written",
    "measured",
]
