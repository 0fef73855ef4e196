"""Commands about apps: registering, listing, new secrets, turning away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import orjson

from phr.commands.shared import guarded, json_option, request, show, system
from phr.errors import Invalid
from phr.services.smart import New


@click.group()
def client() -> None:
    """Apps of residents, and programs of organisations (SMART App Launch)."""


@client.command("add")
@click.argument("client_id")
@click.option("--name", required=True, help="Its name, as residents read it.")
@click.option("--responsible", required=True, help="Who answers for it, as residents read it.")
@click.option(
    "--kind",
    type=click.Choice(["public", "symmetric", "asymmetric"]),
    default="public",
    show_default=True,
    help="public: no secret, as in a browser or on a telephone; symmetric: a secret of ours; asymmetric: keys of its own.",
)
@click.option("--scope", required=True, help="The most that it may be given, separated by spaces.")
@click.option(
    "--redirect-uri", "redirect_uris", multiple=True, help="Where people come back to, sign by sign."
)
@click.option("--launch-url", default="", help="Where people start it.")
@click.option(
    "--jwks", type=click.Path(path_type=Path), help="File with its public keys (a JSON Web Key Set)."
)
@click.option("--jwks-url", default="", help="Address under which it publishes them (https).")
@click.option("--backend", is_flag=True, help="Acts for an organisation, with nobody in front of it.")
@click.option("--recipient", default="", help="Of a backend: the organisation, as Organization/id.")
@click.option("--purpose", default="", help="Of a backend: why it reads, as consents name it.")
@json_option
@guarded
def add(client_id: str, jwks: Path | None, as_json: bool, **given: Any) -> None:
    """Register an app; a secret is shown once."""
    made = system()
    new = New(client_id=client_id, jwks=None if jwks is None else _keys(jwks), **given)
    secret = made.smart_clients.add(new, request())
    show({"client": client_id, "secret": secret}, as_json=as_json, text=secret or f"{client_id}: registered")


@client.command("list")
@json_option
@guarded
def list_clients(as_json: bool) -> None:
    """Show every app, and how many people let it in."""
    rows = [
        {
            "client": one.client.client_id,
            "name": one.client.name,
            "kind": "backend" if one.client.backend else one.client.kind,
            "scope": one.client.scope,
            "responsible": one.client.responsible,
            "people": one.people,
            "disabled": one.client.disabled,
        }
        for one in system().smart_clients.listed("cli", request())
    ]
    text = "\n".join(
        f"{row['client']}  {row['kind']}  {row['people']}{'  disabled' if row['disabled'] else ''}"
        for row in rows
    )
    show({"clients": rows}, as_json=as_json, text=text or "none")


@client.command("rotate")
@click.argument("client_id")
@click.option(
    "--jwks", type=click.Path(path_type=Path), help="File with new public keys, for an app with keys."
)
@json_option
@guarded
def rotate(client_id: str, jwks: Path | None, as_json: bool) -> None:
    """Give an app a new secret, or new keys; the old ones end at once."""
    secret = system().smart_clients.rotate(client_id, request(), jwks=None if jwks is None else _keys(jwks))
    show({"client": client_id, "secret": secret}, as_json=as_json, text=secret or f"{client_id}: new keys")


@client.command("disable")
@click.argument("client_id")
@click.option("--enable", is_flag=True, help="Let it in again.")
@json_option
@guarded
def disable(client_id: str, enable: bool, as_json: bool) -> None:
    """Turn an app away from its next request on; what people granted is kept."""
    system().smart_clients.disable(client_id, request(), disabled=not enable)
    word = "enabled" if enable else "disabled"
    show({"client": client_id, "disabled": not enable}, as_json=as_json, text=f"{client_id}: {word}")


@client.command("end")
@click.argument("client_id")
@click.argument("patient_id")
@json_option
@guarded
def end(client_id: str, patient_id: str, as_json: bool) -> None:
    """End what an app may do with one person's record, for somebody who asks at the counter."""
    number = system().smart_apps.end_for(patient_id, client_id, "cli", request())
    show({"client": client_id, "ended": number}, as_json=as_json, text=f"{client_id}: {number} ended")


def _keys(path: Path) -> Any:
    try:
        return orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise Invalid("is no JSON", field="jwks") from error
