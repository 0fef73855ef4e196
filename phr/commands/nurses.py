"""Commands about nurses: who leads, and who sees the addresses of people under a protective measure."""

from __future__ import annotations

import click

from phr.commands.shared import guarded, json_option, request, show, system
from phr.domain.access import Access
from phr.errors import NotFound


@click.group()
def nurse() -> None:
    """Nurses and their duties."""


@nurse.command("duty")
@click.argument("subject")
@click.option("--lead/--no-lead", default=False, help="Sets capacities and hands over the cases of others.")
@click.option(
    "--protected/--no-protected",
    default=False,
    help="Sees addresses and telephones of people under a protective measure.",
)
@json_option
@guarded
def nurse_duty(subject: str, lead: bool, protected: bool, as_json: bool) -> None:
    """Give a nurse special duties; what is not named is taken away."""
    made = system()
    access = Access("system", "cli", made.settings.recipient, "register", request())
    if subject not in made.planning.nurses(access):
        raise NotFound("no such nurse in this organisation")
    made.planning.set_duty(subject, access, lead=lead, protected=protected)
    duties = [name for name, given in (("lead", lead), ("protected", protected)) if given]
    show(
        {"nurse": subject, "duties": duties},
        as_json=as_json,
        text=f"{subject}: {', '.join(duties) or 'none'}",
    )
