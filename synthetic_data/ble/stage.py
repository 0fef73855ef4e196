"""Chooses the devices and faults that the command asks for, plays the scene and prints it as JSON lines."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from synthetic_data.ble import scene
from synthetic_data.ble.faults import Faults
from synthetic_data.ble.home import home_devices
from synthetic_data.ble.kinds import CONSENT_CODE, KINDS
from synthetic_data.ble.peripheral import Peripheral
from synthetic_data.errors import BadOptionError

HOME_DAY: Final = date(2026, 11, 20)
HOME_ZONE: Final = ZoneInfo("Asia/Tokyo")


def play(options: argparse.Namespace) -> None:
    """Prints what is heard; an error if no device could be heard."""
    if options.list:
        sys.stdout.write("\n".join(KINDS) + "\n")
        return
    if options.seconds <= 0:
        raise BadOptionError("--seconds must be more than 0")
    devices, codes = _devices(options, {1: CONSENT_CODE})
    logging.getLogger("bumble").setLevel(logging.CRITICAL)  # its warnings are part of the scene
    lines = {"values": 0, "errors": 0}

    def told(line: dict[str, Any]) -> None:
        lines["errors" if "error" in line else "values"] += 1
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()

    asyncio.run(scene.play(devices, options.seconds, told, codes))
    if lines["errors"] and not lines["values"]:
        raise OSError("no device could be heard")


def _devices(options: argparse.Namespace, codes: dict[int, int]) -> tuple[list[Peripheral], dict[int, int]]:
    if options.home is not None:
        home = home_devices(options.home, HOME_DAY, HOME_ZONE)
        return list(home.devices), home.consent_codes
    unknown = [kind for kind in options.kinds if kind not in KINDS]
    if unknown:
        raise BadOptionError(f"KIND must be one of {', '.join(KINDS)}")
    faults = _faults(options)
    serials = ("1", "2") if options.twins else ("1",)
    kinds = options.kinds or list(KINDS)
    return [KINDS[kind](faults, serial) for kind in dict.fromkeys(kinds) for serial in serials], codes


def _faults(options: argparse.Namespace) -> Faults:
    return Faults(
        lose_link_after=options.lose_link_after,
        truncated=frozenset(options.truncated),
        swapped=frozenset(options.swapped),
        duplicated=frozenset(options.duplicated),
        garbage=frozenset(options.garbage),
        silent_after=options.silent_after,
        clock=options.clock,
        drift_seconds=options.drift_seconds,
        delay_seconds=options.delay_seconds,
        refuses_time=options.refuses_time,
        fails_pairing=options.fails_pairing,
        battery_low=options.battery_low,
    )
