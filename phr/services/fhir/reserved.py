"""Documents that the service keeps itself: pages and retraction read them in their own form, so nobody writes them here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from phr.domain.assessments import PURPOSE, RULE
from phr.domain.emergency import card_id
from phr.domain.home_target import identity
from phr.errors import Refused

_MARKS: Final = frozenset({PURPOSE, RULE})
_TEXT: Final = "the service keeps this document itself; it is changed on its page"


def refuse_kept(kind: str, resource: Mapping[str, Any], person: UUID) -> None:
    """Refuses the goal of home blood pressure, the emergency card, and judgements of the service, true or pretended."""
    ours = {"Goal": identity, "QuestionnaireResponse": card_id}.get(kind)
    if ours is not None and resource.get("id") == ours(person):
        raise Refused(_TEXT)
    if kind != "RiskAssessment":
        return
    tags = resource.get("meta", {}).get("tag", [])
    methods = resource.get("method", {}).get("coding", [])
    if any(one.get("system") in _MARKS for one in (*tags, *methods)):
        raise Refused(_TEXT)
