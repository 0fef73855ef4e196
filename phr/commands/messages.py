"""Commands about messages and letters: how they stand, reminders now, postcards, and a receipt of consents on paper."""

from __future__ import annotations

from pathlib import Path

import click

from phr.bootstrap import System
from phr.commands.shared import guarded, json_option, request, show, system
from phr.domain.access import Access
from phr.errors import Invalid
from phr.ids import person_id

_OUT = click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The PDF to write."
)


@click.group()
def messages() -> None:
    """Messages to residents."""


@messages.command("status")
@json_option
@guarded
def messages_status(as_json: bool) -> None:
    """Number of messages of each kind in each state, and which channels are set up."""
    made = system()
    states = made.inbox.states(actor="cli", request=request())
    value = {
        "channels": sorted(made.channels),
        "messages": [{"kind": kind, "state": state, "count": n} for (kind, state), n in states.items()],
    }
    lines = [f"{kind} {state} {n}" for (kind, state), n in states.items()]
    text = "\n".join([f"channels: {' '.join(sorted(made.channels)) or 'none'}", *lines])
    show(value, as_json=as_json, text=text)


@messages.command("remind")
@json_option
@guarded
def messages_remind(as_json: bool) -> None:
    """Post today's reminders and nudges; the worker does so each morning. Twice on a day is once."""
    made = system()
    value = {
        "reminders": made.reminders.round(request=request()),
        "nudges": made.nudging.round(request=request()),
    }
    show(value, as_json=as_json, text=f"reminders {value['reminders']}, nudges {value['nudges']}")


@click.group()
def letters() -> None:
    """Letters and postcards on paper."""


@letters.command("postcards")
@click.option("--count", default=100, show_default=True, help="How many.")
@click.option("--days", default=120, show_default=True, help="How long the numbers can be used.")
@_OUT
@json_option
@guarded
def letters_postcards(count: int, days: int, out: Path, as_json: bool) -> None:
    """Make postcards with registration numbers; the numbers are in this file and nowhere else."""
    made = system()
    numbers = made.reminders.make_numbers(count, days, actor="cli", request=request())
    out.write_bytes(made.postcards(numbers))
    value = {"postcards": len(numbers.numbers), "until": numbers.until.isoformat(), "file": str(out)}
    show(value, as_json=as_json, text=f"{len(numbers.numbers)} postcards in {out}")


@letters.command("receipt")
@click.option("--resident", required=True, help="Whose consents.")
@_OUT
@json_option
@guarded
def letters_receipt(resident: str, out: Path, as_json: bool) -> None:
    """Print the receipt of somebody's consents as a letter."""
    made = system()
    batch = made.letters.receipt(person_id(resident), _staff(made)).batch
    out.write_bytes(made.letters.printed(batch, _staff(made)))
    show({"batch": str(batch), "file": str(out)}, as_json=as_json, text=f"the receipt is in {out}")


@letters.command("returned")
@click.argument("number")
@json_option
@guarded
def letters_returned(number: str, as_json: bool) -> None:
    """Note that a letter came back: nothing more goes to its address."""
    made = system()
    if not number.strip():
        raise Invalid("must not be empty", field="number")
    made.letters.came_back(number, _staff(made))
    show({"returned": True}, as_json=as_json, text="noted; nothing more goes to that address")


def _staff(made: System) -> Access:
    return Access("system", "cli", made.settings.recipient, "guidance", request())
