"""What can be asked of a box on its command line; imports nothing of the box, so that ``--help`` is quick."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final, NoReturn

DEFAULT: Final = Path("/etc/phr-gateway/gateway.toml")
Parsers = Any
"""argparse gives the group of sub-commands no public type."""


def add(commands: Parsers) -> None:
    """The sub-commands, for ``python -m ingest gateway``."""
    fill(commands.add_parser("gateway", help="runs beside devices: collects, spools, posts"))


def fill(parser: argparse.ArgumentParser) -> None:
    """The sub-commands of a box."""
    words = parser.add_subparsers(dest="word", required=True, metavar="WORD")
    run = words.add_parser("run", help="collect and post until stopped")
    run.add_argument("--once", action="store_true", help="collect until it is quiet, post, and end")
    words.add_parser("status", help="how much waits, as JSON; no card and no value")
    enrol = words.add_parser("enrol", help="reads a card from standard input: this user of the device has it")
    enrol.add_argument("device", metavar="DEVICE", help="the device's name in the settings")
    enrol.add_argument(
        "--user", type=_slot, default=None, help="user number; without it, who uses the device"
    )
    words.add_parser("check", help="settings, token, TLS, clock, disk and radio")
    for each in words.choices.values():
        each.add_argument("--settings", type=Path, default=DEFAULT, metavar="FILE", help=f"default {DEFAULT}")


def _slot(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < 255):
        raise argparse.ArgumentTypeError("is not a user number from 0 to 254")
    return int(text)


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence and leaves with status 2."""

    def error(self, message: str) -> NoReturn:
        """One sentence, no usage."""
        self.exit(2, f"{self.prog}: {message}\n")
