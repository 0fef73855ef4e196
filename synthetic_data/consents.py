"""What an invented resident has agreed to: opt-in, so that some agreed to nothing."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

CATEGORIES: Final = (
    "activity", "heart", "blood-pressure", "body", "sleep", "glucose", "temperature", "oxygen", "respiration",
    "nutrition", "checkup", "questionnaire", "guidance",
)  # fmt: skip
"""All kinds of data but ``child``: nobody here is one."""
MOVEMENT: Final = ("activity", "heart", "sleep", "body")
CITY: Final = "Organization/city-health"
RESEARCH: Final = "Organization/research-office"

_SHARES: Final = {
    "nothing": 0.12,
    "everything": 0.3,
    "guidance-not-research": 0.26,
    "movement-only": 0.16,
    "own-view-only": 0.08,
    "research-not-guidance": 0.08,
}
KINDS: Final = tuple(_SHARES)


def draw(dice: np.random.Generator, *, older: bool, guided: bool = False) -> tuple[str, list[dict[str, Any]]]:
    """The kind of consent and its grants; each grant is one purpose for one recipient and some categories.

    ``guided`` residents agree to guidance whatever the dice say, so that a city has somebody to alarm a nurse about.
    """
    kind = KINDS[int(dice.choice(len(KINDS), p=list(_SHARES.values())))]
    if guided and kind != "everything":
        kind = "guidance-not-research"
    family, insurer = dice.random(2)
    if kind == "nothing":
        return kind, []
    kept = MOVEMENT if kind == "movement-only" else CATEGORIES
    grants = [_grant("collect", CITY, kept)]
    if kind in {"everything", "guidance-not-research"}:
        grants += [_grant(purpose, CITY, kept) for purpose in ("guidance", "risk")]
    if kind in {"everything", "guidance-not-research", "movement-only"}:
        grants.append(
            _grant("points", CITY, ("activity", "checkup") if kept is CATEGORIES else ("activity",))
        )
    if kind in {"everything", "research-not-guidance"}:
        grants.append(_grant("research-deidentified", RESEARCH, kept))
    if kind == "everything" and insurer < 0.2:
        grants.append(_grant("insurer", "Organization/health-insurer", ("checkup", "activity")))
    if older and family < 0.4:
        grants.append(_grant("family", "RelatedPerson/family", ("activity", "sleep", "blood-pressure")))
    return kind, grants


def _grant(purpose: str, recipient: str, categories: tuple[str, ...]) -> dict[str, Any]:
    return {"purpose": purpose, "recipient": recipient, "categories": list(categories)}
