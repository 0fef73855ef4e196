"""The command that deletes samples by their age: first it says what would go."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime

import click

from phr.commands.shared import guarded, json_option, request, show, system


@click.command()
@click.option(
    "--before",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    help="Samples of civil days before this one; at least five years ago.",
)
@click.option("--yes", is_flag=True, help="Delete them; without it, only say what would go.")
@json_option
@guarded
def retention(before: datetime, yes: bool, as_json: bool) -> None:
    """Delete samples by their age, where the city's rules set one; without --yes nothing is changed."""
    with closing(system()) as made:
        day = before.date()
        found = made.retaining.carry_out(day, request=request()) if yes else made.retaining.plan(day)
    value = {"before": day.isoformat(), "deleted": yes, "rows": dict(sorted(found.items()))}
    lines = [f"{name}: {number}" for name, number in sorted(found.items())] or [
        "nothing lies before that day"
    ]
    if found and not yes:
        lines.append("nothing was deleted; back up, then repeat with --yes")
    show(value, as_json=as_json, text="\n".join(lines))
