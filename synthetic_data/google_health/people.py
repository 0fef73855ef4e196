"""The people who have an account: identifiers, devices, zone and habits, made from the seed when first asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np

from synthetic_data.google_health import dice
from synthetic_data.google_health.zones import Offsets, offsets
from synthetic_data.google_wire import phone_source, source

DAY: Final = 86_400
WATCHES: Final = ("Pixel Watch 4", "Charge 6", "Pixel Watch 3", "Inspire 3")
WATCH, PHONE, MANUAL, DERIVED, BARE, SCALE = range(6)
"""Indexes of a person's data sources; BARE is derived data whose device is ``{}``."""
WEARABLE: Final = (WATCH, DERIVED, BARE)
TRAVELLER: Final = 4
"""Every tenth person, beginning with this one, flies to another zone and back."""
_ALPHABET: Final = "23456789BCDFGHJKLMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class World:
    """What all people share: the seed, the window of held data, the zone, and how often the heart is measured."""

    seed: int
    first: int
    end: int
    zone: str
    heart_seconds: int
    traits: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One account; hashed by identity, so that what is made from it can be kept."""

    number: int
    world: World
    zones: Offsets
    watch: str
    age: int
    female: bool
    resting: float
    weight: float
    height: int

    @property
    def health_user_id(self) -> str:
        """The id that the interface and its webhooks use."""
        return health_user_id(self.world.seed, self.number)

    @property
    def legacy_user_id(self) -> str:
        """The old encoded id."""
        left, text = int(self.health_user_id) * 31 % len(_ALPHABET) ** 6, ""
        for _ in range(6):
            left, digit = divmod(left, len(_ALPHABET))
            text += _ALPHABET[digit]
        return text

    @property
    def origins(self) -> tuple[str, ...]:
        """The ``dataSource`` members, by source index."""
        derived = "EXTRAPOLATED" if "unknown-enums" in self.world.traits else "DERIVED"
        return (
            source("PASSIVELY_MEASURED", device=self.watch),
            phone_source(),
            source("MANUAL", device=None),
            source(derived, device=self.watch),
            source(derived, device=""),
            source("UNKNOWN", device="", platform="HEALTH_CONNECT", package="com.example.scaleapp"),
        )

    def key(self, purpose: str) -> np.uint64:
        """The person's dice for one purpose."""
        return dice.stream(self.world.seed, self.number, purpose)

    def days(self) -> range:
        """The civil days (counted from 1970-01-01) of the window."""
        first = self.world.first + self.zones.of(self.world.first)
        last = self.world.end - 1 + self.zones.of(self.world.end - 1)
        return range(first // DAY, last // DAY + 1)

    def settings(self) -> dict[str, Any]:
        """The display settings, with the zone of the account now."""
        journey = _journey(self.world, self.number)
        away = journey is not None and journey[1] <= self.world.end < journey[2]
        zone = journey[0] if journey is not None and away else self.world.zone
        return {
            "name": f"users/{self.health_user_id}/settings",
            "autoStrideEnabled": True,
            "distanceUnit": "DISTANCE_UNIT_KILOMETERS",
            "glucoseUnit": "GLUCOSE_UNIT_MG_DL",
            "heightUnit": "HEIGHT_UNIT_CENTIMETERS",
            "weightUnit": "WEIGHT_UNIT_KILOGRAMS",
            "waterUnit": "WATER_UNIT_ML",
            "temperatureUnit": "TEMPERATURE_UNIT_CELSIUS",
            "strideLengthWalkingType": "STRIDE_LENGTH_TYPE_DEFAULT",
            "strideLengthRunningType": "STRIDE_LENGTH_TYPE_DEFAULT",
            "languageLocale": "ja-JP",
            "foodLanguageCode": "ja-JP",
            "timeZone": zone,
            "utcOffset": f"{self.zones.of(self.world.end)}s",
        }


def health_user_id(seed: int, number: int) -> str:
    """The health user id of a person; a number of 19 digits as in captured answers."""
    return str(1_000_000_000_000_000_000 + seed % 10_000 * 100_000_000_000 + number * 7_919)


def _journey(world: World, number: int) -> tuple[str, int, int] | None:
    """A flight across the date line in the middle of the window, for travellers and windows of some days."""
    if number % 10 != TRAVELLER or world.end - world.first < 5 * DAY:
        return None
    middle = (world.first + world.end) // 2 // DAY * DAY
    return "America/Los_Angeles", middle - DAY, middle + DAY


@lru_cache(maxsize=4096)
def person(world: World, number: int) -> Person:
    """The account of one number."""
    own = dice.rolls(dice.stream(world.seed, number, "person"), np.arange(6))
    female = own[0] < 0.52
    return Person(
        number=number,
        world=world,
        zones=offsets(world.zone, world.first - 3 * DAY, world.end + 3 * DAY, _journey(world, number)),
        watch=WATCHES[int(own[1] * len(WATCHES))],
        age=int(40 + own[2] * 35),
        female=bool(female),
        resting=float(52 + own[3] * 20),
        weight=float((47 if female else 58) + own[4] * 25),
        height=int((1500 if female else 1620) + own[5] * 180),
    )
