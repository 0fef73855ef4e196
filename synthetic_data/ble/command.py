"""The arguments of ``python -m synthetic_data ble``; the radio itself is loaded only when it is asked for."""

from __future__ import annotations

import argparse
from typing import Any, Final

_COUNTED: Final = ("truncated", "swapped", "duplicated", "garbage")


def add_parser(commands: Any) -> None:
    """Adds ``ble`` to the sub-commands of the package."""
    parser = commands.add_parser(
        "ble", help="put virtual Bluetooth devices on a radio and print what they send"
    )
    parser.add_argument("kinds", metavar="KIND", nargs="*", help="kinds of devices (all); --list names them")
    parser.add_argument("--list", action="store_true", help="name the kinds and end")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long to listen (5)")
    parser.add_argument("--home", type=int, metavar="SEED", help="the devices of an invented home instead")
    parser.add_argument("--twins", action="store_true", help="each device twice: one name, two addresses")
    faults = parser.add_argument_group("faults", "N counts the values of one connection, beginning with 1")
    for name in _COUNTED:
        faults.add_argument(f"--{name}", type=int, action="append", default=[], metavar="N")
    faults.add_argument("--lose-link-after", type=int, metavar="N")
    faults.add_argument("--silent-after", type=int, metavar="N")
    faults.add_argument("--clock", choices=("right", "reset"), default="right")
    faults.add_argument("--drift-seconds", type=int, default=0, metavar="S")
    faults.add_argument("--delay-seconds", type=float, default=0.0, metavar="S")
    for name in ("refuses-time", "fails-pairing", "battery-low"):
        faults.add_argument(f"--{name}", action="store_true")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Plays the scene; an error if the optional library is not installed."""
    try:
        from synthetic_data.ble import stage  # noqa: PLC0415 - bumble is optional, and slow to load for --help
    except ModuleNotFoundError as missing:
        raise OSError(f"the virtual radio needs the package {missing.name} (the extra 'virtual')") from None
    stage.play(options)
