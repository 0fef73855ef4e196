"""The command line: ``phr COMMAND``; each command's module is loaded when it is used."""

from __future__ import annotations

from importlib import import_module
from typing import Final

import click

_COMMANDS: Final = {
    "demo": ("demo", "demo"),
    "serve": ("service", "serve"),
    "worker": ("service", "worker"),
    "migrate": ("service", "migrate"),
    "import": ("people", "import_file"),
    "token": ("service", "token"),
    "consent": ("people", "consent"),
    "score": ("people", "score"),
    "export": ("people", "export"),
    "open-data": ("open_data", "open_data"),
    "guidance": ("guidance", "guidance"),
    "programme": ("programmes", "programme"),
    "sync": ("connections", "sync"),
    "connections": ("connections", "connections"),
    "points": ("points", "points"),
    "points-year": ("points_year", "points_year"),
    "doctor": ("doctor", "doctor"),
    "deploy": ("deploy", "deploy"),
    "audit": ("service", "audit"),
    "outbox": ("service", "outbox"),
    "backup": ("backups", "backup"),
    "retention": ("retention", "retention"),
    "bench": ("bench", "bench"),
    "user": ("service", "user"),
    "nurse": ("nurses", "nurse"),
    "messages": ("messages", "messages"),
    "letters": ("messages", "letters"),
    "gateway": ("gateways", "gateway"),
    "card": ("gateways", "card"),
    "client": ("clients", "client"),
    "guardian": ("guardians", "guardian"),
    "rights": ("rights", "rights"),
    "incident": ("rights", "incident"),
    "service": ("rights", "service"),
}
"""Command -> module of phr.commands and the name in it."""


class _Lazy(click.Group):
    """A group whose commands are imported one by one, so that none waits for what another needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands, in the order of a day's work."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        """A command by its name."""
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name]
        found: click.Command = getattr(import_module(f"phr.commands.{module}"), name)
        return found


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """A consent-gated personal health record for a city."""
