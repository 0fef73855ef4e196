"""Ids that nobody may choose: those of documents that the service keeps itself, and for residents those that can be guessed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from phr.domain.assessments import PURPOSE, RULE
from phr.domain.emergency import card_id
from phr.domain.fhir.types import NOBODY
from phr.domain.home_target import identity as goal_id
from phr.errors import Invalid, Refused
from phr.ids import hard_to_guess
from phr.services.fhir.changes import Change

_MARKS: Final = frozenset({PURPOSE, RULE})
_TEXT: Final = "the service keeps this document itself; it is changed on its page"


def refuse_kept(kind: str, resource: Mapping[str, Any], person: UUID) -> None:
    """Refuses the goal of home blood pressure, the emergency card, and judgements of the service, true or pretended."""
    ours = {"Goal": goal_id, "QuestionnaireResponse": card_id}.get(kind)
    if ours is not None and resource.get("id") == ours(person):
        raise Refused(_TEXT)
    if kind != "RiskAssessment":
        return
    tags = resource.get("meta", {}).get("tag", [])
    methods = resource.get("method", {}).get("coding", [])
    if any(one.get("system") in _MARKS for one in (*tags, *methods)):
        raise Refused(_TEXT)


def refuse_guessable(change: Change, person: UUID, identity: str) -> None:
    """Refuses a new id of a resident that is no UUID, whether somebody has it or not.

    An id is taken for everybody once somebody took it. Where ids could be guessed, an id that is refused would tell that
    somebody else has it, and a text that somebody chose may say what it names.
    """
    if change.caller.role != "resident" or person == NOBODY or hard_to_guess(identity):
        return
    raise Invalid(
        "a new id that you choose is a UUID; or POST it, and it gets one", field=f"{change.kind}.id"
    )
