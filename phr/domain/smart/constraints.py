"""Whether a resource meets a constraint of a scope: FHIR search on that one resource; what cannot be judged is not met."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from consent.categories import SYSTEM
from phr.domain.documents import category_of_observation
from phr.domain.fhirsearch.matching import matches
from phr.errors import Invalid

_KINDS: Final = f"{SYSTEM}|"
_ZONE: Final = ZoneInfo("UTC")  # no constraint of a scope asks for a time


def met(kind: str, name: str, value: str, resource: Mapping[str, Any]) -> bool:
    """Whether a resource of this type meets ``name=value``.

    Observations have one category more than FHIR gives them: the kind of data under which consents name them, which
    is what a person ticks when they let an app in.

    >>> heart = {"resourceType": "Observation", "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}}
    >>> met("Observation", "code", "8867-4", heart), met("Observation", "code", "85354-9", heart)
    (True, False)
    """
    if (kind, name) == ("Observation", "category"):
        values = value.split(",")
        of_consents = {one.removeprefix(_KINDS) for one in values if one.startswith(_KINDS)}
        if category_of_observation(dict(resource)) in of_consents:
            return True
        value = ",".join(one for one in values if not one.startswith(_KINDS))
    if not value:
        return False
    try:
        return matches(kind, urlencode([(name, value)]), resource, _ZONE)
    except Invalid:
        return False
