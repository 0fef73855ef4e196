"""A body composition scale for several users, as Beurer makes it: a bond, and each user's code before any result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final

from synthetic_data.ble import weight
from synthetic_data.ble.clock import DeviceClock, Now, current_time_service
from synthetic_data.ble.faults import NONE, Faults
from synthetic_data.ble.identity import Identity, Security
from synthetic_data.ble.peripheral import Link, Peripheral
from synthetic_data.ble.user_data import Profile, UserData
from synthetic_data.ble.weight import Weighing

BEURER: Final = Identity("Beurer GmbH", "BF720", organisation=0x060611)


class UserScale(Peripheral):
    """Tells the results of a user once that user's code was given: weight first, then composition."""

    kind: ClassVar[str] = "scale"

    def __init__(
        self,
        weighings: Sequence[Weighing],
        profiles: Mapping[int, Profile],
        *,
        identity: Identity = BEURER,
        name: str = "BF720",
        faults: Faults = NONE,
        passkey: int | None = None,
        battery: int = 100,
        now: Now | None = None,
    ) -> None:
        """``profiles`` by slot; weighings of slot 255 (nobody recognised) are told to every user."""
        security = Security(encrypted=True, passkey=passkey)
        super().__init__(identity, name, faults=faults, security=security, battery=battery)
        self._clock = DeviceClock(faults, [one.time for one in weighings], now)
        self.unsent = [replace(one, time=self._clock.stamp(one.time)) for one in weighings]
        self._users = UserData(self, profiles, released=self._released)
        self._weight: Any = None
        self._composition: Any = None

    @property
    def advertised(self) -> tuple[int, ...]:
        """Weight Scale, Body Composition, User Data."""
        return (0x181D, 0x181B, 0x181C)

    def services(self) -> list[Any]:
        """181D, 181B, 181C and 1805."""
        self._weight = self.characteristic(0x2A9D, "INDICATE")
        self._composition = self.characteristic(0x2A9C, "INDICATE")
        weight_feature = self.characteristic(0x2A9E, "READ", weight.WEIGHT_FEATURE)
        composition_feature = self.characteristic(0x2A9B, "READ", weight.COMPOSITION_FEATURE)
        return [
            self.service(0x181D, [self._weight, weight_feature]),
            self.service(0x181B, [self._composition, composition_feature]),
            self._users.service(),
            current_time_service(self, self._clock),
        ]

    def connected(self, _link: Link) -> None:
        """Consent is asked for again on each link."""
        self._users.reset()

    def _released(self, link: Link, user: int) -> None:
        self.start(self._tell(link, user))

    async def _tell(self, link: Link, user: int) -> None:
        """A weighing that nobody listens for is kept."""
        for weighing in [one for one in self.unsent if one.user in (user, weight.UNKNOWN_USER, None)]:
            told = False
            if self.is_subscribed(link, self._weight):
                await self.send(self._weight, weight.encode_weight(weighing))
                told = True
            if self.is_subscribed(link, self._composition):
                for packet in weight.encode_composition(weighing):
                    await self.send(self._composition, packet)
                    told = True
            if told:
                self.unsent.remove(weighing)
        await self.flush()
