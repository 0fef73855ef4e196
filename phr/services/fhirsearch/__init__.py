"""FHIR search: documents and Observations alike, for someone, for a purpose, and what is given with them."""

from phr.services.fhirsearch.asking import Asker, Hit, Position, Result
from phr.services.fhirsearch.finding import FhirSearch

__all__ = ["Asker", "FhirSearch", "Hit", "Position", "Result"]
