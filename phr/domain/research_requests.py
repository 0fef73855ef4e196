"""What a request for de-identified data must say, and who may approve it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from phr.domain.deid import profile_named
from phr.errors import Invalid, Refused

APPROVALS: Final = 2
"""Different people, and none of them the one who asked (R8-24)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a researcher asks for (R8-32).

    first, last: the days of the data. since, until: the period that the committee approved, from today where it does
    not say since when; the files end with it.
    longitudinal: whether later releases of the same protocol may be joined with this one (pseudonymised only).
    """

    title: str
    protocol: str
    committee: str
    purpose: str
    variables: tuple[str, ...]
    first: date
    last: date
    responsible: str = ""
    until: date | None = None
    since: date | None = None
    profile: str = "anonymised"
    resolution: str = ""
    longitudinal: bool = False


def checked(asked: Asked, today: date) -> Asked:
    """The request, or Invalid with the field that is missing or wrong."""
    for field in ("title", "protocol", "committee", "purpose", "responsible"):
        if not getattr(asked, field).strip():
            raise Invalid("must be given", field=field)
    if not asked.variables:
        raise Invalid("must name a variable", field="variables")
    if asked.last < asked.first:
        raise Invalid("must not be before the first day", field="last")
    if asked.until is None or asked.until < max(asked.since or today, today):
        raise Invalid("must be a day of the approved period that is not over", field="until")
    profile = profile_named(asked.profile)
    if asked.resolution and asked.resolution not in profile.resolutions:
        raise Invalid("this profile has no such resolution", field="resolution")
    if asked.longitudinal and not profile.keeps_table:
        raise Invalid("releases without a table cannot be joined over time", field="longitudinal")
    return asked


def approved(by: str, approvals: Collection[str], actor: str) -> tuple[str, ...]:
    """The approvals with one more. Nobody approves twice, and nobody their own request."""
    if actor == by or actor in approvals:
        raise Refused("another person must approve")
    return (*approvals, actor)


def in_period(asked: Asked, today: date) -> bool:
    """Whether the approved period runs on a day; a request of before periods were asked for has none."""
    return (asked.since is None or asked.since <= today) and (asked.until is None or today <= asked.until)


def as_json(asked: Asked) -> dict[str, Any]:
    """How a request is kept."""
    days = {name: getattr(asked, name) for name in ("first", "last", "since", "until")}
    kept = {name: getattr(asked, name) for name in Asked.__slots__ if name not in days}
    written = {name: "" if day is None else day.isoformat() for name, day in days.items()}
    return {**kept, "variables": list(asked.variables), **written}


def from_json(said: Mapping[str, Any]) -> Asked:
    """What was kept; requests of before have no period, no profile and nobody responsible."""
    days = {name: said.get(name) for name in ("since", "until")}
    return Asked(
        title=said["title"],
        protocol=said["protocol"],
        committee=said["committee"],
        purpose=said["purpose"],
        variables=tuple(said["variables"]),
        first=date.fromisoformat(said["first"]),
        last=date.fromisoformat(said["last"]),
        responsible=said.get("responsible", ""),
        profile=said.get("profile", "anonymised"),
        resolution=said.get("resolution", ""),
        longitudinal=said.get("longitudinal", False),
        **{name: date.fromisoformat(day) if day else None for name, day in days.items()},
    )
