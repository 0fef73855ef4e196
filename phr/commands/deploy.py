"""Commands that hand out the files of a deployment: units, the proxy's server block, alert rules, dashboards."""

from __future__ import annotations

from importlib import resources
from typing import Final

import click

from phr.commands.shared import guarded
from phr.errors import Refused

_FOLDER: Final = "deploy"


def names() -> list[str]:
    """The files, in the order of their names."""
    return sorted(one.name for one in resources.files("phr").joinpath(_FOLDER).iterdir())


@click.group()
def deploy() -> None:
    """Files for running the service: systemd units, a proxy, alerts, dashboards."""


@deploy.command("list")
@guarded
def deploy_list() -> None:
    """The names of the files."""
    click.echo("\n".join(names()))


@deploy.command("show")
@click.argument("name")
@guarded
def deploy_show(name: str) -> None:
    """Print one of the files."""
    if name not in names():
        raise Refused(f"there is no such file; phr deploy list names them: {', '.join(names())}")
    click.echo(resources.files("phr").joinpath(_FOLDER, name).read_text("utf-8"), nl=False)
