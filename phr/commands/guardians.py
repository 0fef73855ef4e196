"""Commands of the counter about those who act for somebody: record, end, agree for a child, hide, and join a class."""

from __future__ import annotations

from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from phr.commands.shared import guarded, json_option, request, show, system
from phr.domain.family.guardianship import RULES, Asked
from phr.errors import NotFound
from phr.ids import person_id
from phr.services.family import Clerk
from phr.services.family.guardians import CITY_PURPOSES


def _day(_context: object, _parameter: object, value: datetime | None) -> date | None:
    return None if value is None else value.date()


_resident = click.option("--resident", required=True, help="Whose record it is.")
_clerk = click.option("--clerk", required=True, help="Who works at the counter.")


@click.group()
def guardian() -> None:
    """Those who act for a child, or for an adult by mandate or a court's decision."""


@guardian.command("add")
@_resident
@click.option("--guardian", "holder", required=True, help="Who will act.")
@click.option("--kind", required=True, type=click.Choice(list(RULES.kinds)), help="By what right.")
@click.option("--proof", required=True, help="What the counter looked at, as the kind allows.")
@click.option(
    "--copy",
    "copied",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The scan of the signed form; only its hash is kept.",
)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), callback=_day, help="The last day.")
@click.option("--view-only", is_flag=True, help="May look, and enter nothing.")
@click.option("--points", "may_points", is_flag=True, help="May also see and use the points.")
@click.option(
    "--agree",
    "purposes",
    multiple=True,
    type=click.Choice(CITY_PURPOSES),
    help="For a child: what the guardian agrees to for it; may be repeated.",
)
@click.option("--child-agrees", is_flag=True, help="The young person (from 15 on) was asked and agrees.")
@_clerk
@json_option
@guarded
def guardian_add(
    resident: str,
    holder: str,
    kind: str,
    proof: str,
    copied: Path,
    until: date | None,
    view_only: bool,
    may_points: bool,
    purposes: tuple[str, ...],
    child_agrees: bool,
    clerk: str,
    as_json: bool,
) -> None:
    """Record who may act for somebody, and what they agree to for a child."""
    made, who = system(), Clerk(clerk, request())
    asked = Asked(kind, proof, sha256(copied.read_bytes()).hexdigest(), until)
    child = person_id(resident)
    row = made.guardians.record(
        child, person_id(holder), asked, who, may_enter=not view_only, may_points=may_points
    )
    consents = [
        made.guardians.agree_for(child, purpose, row, who, child_agrees=child_agrees) for purpose in purposes
    ]
    value = {
        "guardianship": str(row.guardianship_id),
        "until": row.ends_at.isoformat(),
        "consents": [row.consent_id, *consents],
    }
    show(value, as_json=as_json, text=f"recorded {row.guardianship_id}, ends {row.ends_at.isoformat()}")


@guardian.command("list")
@_resident
@json_option
@guarded
def guardian_list(resident: str, as_json: bool) -> None:
    """Who acts or acted for somebody."""
    rows = system().guardians.of_person(person_id(resident), actor=resident, request=request())
    value: list[dict[str, Any]] = [
        {
            "guardianship": str(row.guardianship_id),
            "guardian": name,
            "kind": row.kind,
            "may_enter": row.may_enter,
            "may_points": row.may_points,
            "until": row.ends_at.isoformat(),
            "revoked": None if row.revoked_at is None else row.revoked_at.isoformat(),
        }
        for row, name in rows
    ]
    lines = [f"{one['guardianship']} {one['kind']} {one['guardian']} until {one['until']}" for one in value]
    show({"guardians": value}, as_json=as_json, text="\n".join(lines) or "none")


@guardian.command("end")
@_resident
@click.argument("identity", metavar="GUARDIANSHIP")
@_clerk
@json_option
@guarded
def guardian_end(resident: str, identity: str, clerk: str, as_json: bool) -> None:
    """End a representation at once."""
    system().guardians.end(person_id(resident), _identity(identity), Clerk(clerk, request()))
    show({"guardianship": identity, "ended": True}, as_json=as_json, text="ended")


@guardian.command("hide")
@_resident
@click.option("--category", "kinds", multiple=True, required=True, help="Kind of data; may be repeated.")
@_clerk
@json_option
@guarded
def guardian_hide(resident: str, kinds: tuple[str, ...], clerk: str, as_json: bool) -> None:
    """Hide kinds of data from all who act for a young person who asks for it."""
    consent = system().guardians.hide(person_id(resident), kinds, Clerk(clerk, request()))
    show({"consent": consent, "hidden": list(kinds)}, as_json=as_json, text=f"recorded {consent}")


@guardian.command("class")
@_resident
@click.option("--guardianship", "identity", required=True, help="Whose consent it is, from guardian list.")
@click.argument("code", metavar="CLASS")
@_clerk
@json_option
@guarded
def guardian_class(resident: str, identity: str, code: str, clerk: str, as_json: bool) -> None:
    """Let a child's brushing days count in a class, until the end of the school year."""
    made, child = system(), person_id(resident)
    rows = made.guardians.of_person(child, actor=clerk, request=request())
    row = next((row for row, _name in rows if str(row.guardianship_id) == identity), None)
    if row is None:
        raise NotFound("no such representation")
    consent = made.guardians.join_class(child, code, row, Clerk(clerk, request()))
    show({"consent": consent, "class": code}, as_json=as_json, text=f"recorded {consent}")


def _identity(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("no such representation") from None


@guardian.command("check-in")
@click.option("--resident", required=True, help="Who answered on paper.")
@click.argument("identity", metavar="CHECK-IN")
@click.option("--answer", "answers", multiple=True, help="QUESTION=ANSWER; may be repeated.")
@click.option("--note", default="", help="What was written besides.")
@click.option("--call", is_flag=True, help="A call is wished.")
@_clerk
@json_option
@guarded
def guardian_check_in(
    resident: str,
    identity: str,
    answers: tuple[str, ...],
    note: str,
    call: bool,
    clerk: str,
    as_json: bool,
) -> None:
    """Enter a check-in that was answered on paper."""
    chosen = {question: chosen for question, _, chosen in (one.partition("=") for one in answers)}
    found = system().check_ins.answer(
        person_id(resident),
        _identity(identity),
        chosen,
        note,
        call=call,
        actor=clerk,
        request=request(),
        way="paper",
        role="registrar",
    )
    value = {"urgency": found.urgency, "reached": found.reached}
    show(value, as_json=as_json, text=f"{found.urgency}{'' if found.reached else ', no nurse sees it'}")
