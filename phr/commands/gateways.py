"""Commands about boxes beside devices: their tokens, and the cards that residents show to them."""

from __future__ import annotations

import click

from phr.commands.shared import guarded, json_option, request, show, system
from phr.domain.access import resident as own
from phr.ids import person_id


@click.group()
def gateway() -> None:
    """Boxes that collect beside devices."""


@gateway.command("add")
@click.argument("name")
@click.option("--place", default="", help="Where it stands, as people call it.")
@json_option
@guarded
def gateway_add(name: str, place: str, as_json: bool) -> None:
    """Add a box, or renew its token; the token is shown once, and earlier ones end."""
    made = system()
    made.accounts.put(
        name, "gateway", recipient=made.settings.recipient, display=place or name, request=request()
    )
    made.accounts.end_all(name, request())
    secret = made.accounts.issue(name, "gateway", purpose="collect", request=request())
    show({"gateway": name, "token": secret}, as_json=as_json, text=secret)


@gateway.command("end")
@click.argument("name")
@json_option
@guarded
def gateway_end(name: str, as_json: bool) -> None:
    """End a box's tokens at once: lost, stolen or taken away."""
    system().accounts.end_all(name, request())
    show({"gateway": name, "ended": True}, as_json=as_json, text=f"{name}: its tokens no longer work")


@click.group()
def card() -> None:
    """Cards that residents show to shared boxes."""


@card.command("issue")
@click.option("--resident", required=True, help="Whose card it is.")
@click.option("--label", default="", help="What the resident calls it.")
@json_option
@guarded
def card_issue(resident: str, label: str, as_json: bool) -> None:
    """Issue a card; its code is shown once."""
    made = system().cards.issue(person_id(resident), label, actor="cli", request=request())
    show({"card": made.card, "code": made.code}, as_json=as_json, text=made.code)


@card.command("list")
@click.option("--resident", required=True, help="Whose cards.")
@json_option
@guarded
def card_list(resident: str, as_json: bool) -> None:
    """A resident's cards that work."""
    person = person_id(resident)
    held = system().cards.listed(person, own(person, resident, request()))
    value = [{"card": one.card, "label": one.label, "issued": one.issued_at.isoformat()} for one in held]
    lines = [f"{one['card']} {one['issued']} {one['label']}".rstrip() for one in value]
    show({"cards": value}, as_json=as_json, text="\n".join(lines) or "none")


@card.command("end")
@click.option("--resident", required=True, help="Whose card it is.")
@click.argument("identity", metavar="CARD")
@json_option
@guarded
def card_end(resident: str, identity: str, as_json: bool) -> None:
    """End a card at once."""
    system().cards.revoke(person_id(resident), identity, actor="cli", request=request())
    show({"card": identity, "ended": True}, as_json=as_json, text="ended")
