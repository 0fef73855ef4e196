"""Commands for connections to data clouds: read what is due now, and seal tokens with the newest secret."""

from __future__ import annotations

import click

from phr.commands.shared import guarded, json_option, request, show, system
from phr.errors import NotFound, Refused
from phr.ids import person_id


@click.command()
@click.option("--resident", default="", help="Only this resident's connection, due or not.")
@json_option
@guarded
def sync(resident: str, as_json: bool) -> None:
    """Read the connections that are due, as the worker does every minute."""
    made = system()
    if not resident:
        ends = made.syncing.round(request=request())
        text = ", ".join(f"{word} {count}" for word, count in sorted(ends.items())) or "nothing is due"
        show(ends, as_json=as_json, text=text)
        return
    done = made.syncing.sync_one(person_id(resident), request=request())
    value = {
        "ended": done.ended,
        "received": done.received,
        "refused": done.refused,
        "rejected": done.rejected,
        "quarantined": done.quarantined,
    }
    show(value, as_json=as_json, text=", ".join(f"{word} {count}" for word, count in value.items()))
    if done.ended == "none":
        raise NotFound("this resident has no connection that can be read")
    if done.ended not in {"done", "more", "busy", "stopped"}:
        raise Refused(f"the connection could not be read: {done.ended}")


@click.group()
def connections() -> None:
    """Connections to data clouds."""


@connections.command("rotate")
@guarded
def rotate() -> None:
    """Seal every token with the newest secret, so that older ones can be dropped."""
    click.echo(f"sealed {system().connections.rotate(request=request())} anew")
