"""FHIR R4 search as a rule: what parameters mean, and whether a resource matches them."""

from phr.domain.fhirsearch.criteria import Criterion, criterion
from phr.domain.fhirsearch.definitions import PARAMETERS, Parameter, parameter
from phr.domain.fhirsearch.matching import fits, matches

__all__ = ["PARAMETERS", "Criterion", "Parameter", "criterion", "fits", "matches", "parameter"]
