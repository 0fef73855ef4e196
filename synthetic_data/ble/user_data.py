"""The User Data Service 181C: slots with a consent code each, and a profile that only its owner may read."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from bumble.att import ATT_Error

from synthetic_data.ble import wire
from synthetic_data.ble.peripheral import Link, Peripheral

REGISTER, CONSENT, DELETE_DATA, LIST_ALL, DELETE_USER, RESPONSE = 0x01, 0x02, 0x03, 0x04, 0x05, 0x20
SUCCESS, OP_UNSUPPORTED, INVALID_PARAMETER, FAILED, NOT_AUTHORISED = range(1, 6)
UNKNOWN_USER: Final = 255
NO_CONSENT: Final = 0x80
"""ATT error: user data access not permitted."""
HIGHEST_CODE: Final = 9999


@dataclass(frozen=True, slots=True)
class Profile:
    """One slot of the device."""

    consent_code: int
    born: date | None = None
    gender: int = 2
    """0 male, 1 female, 2 unspecified."""
    height_centimetre: int = 0


class UserData:
    """The slots of one device, and which of them the present link may use."""

    def __init__(
        self,
        device: Peripheral,
        profiles: Mapping[int, Profile],
        *,
        slots: int = 8,
        released: Callable[[Link, int], None],
    ) -> None:
        """``released`` is called when a central has given the right code of a slot."""
        self._device = device
        self._profiles = dict(profiles)
        self._slots = slots
        self._released = released
        self._changes = 0
        self.current = UNKNOWN_USER
        self._control: Any = None

    def reset(self) -> None:
        """A new link begins without consent."""
        self.current = UNKNOWN_USER

    def service(self) -> Any:
        """181C."""
        make = self._device.characteristic
        self._control = make(0x2A9F, "WRITE,INDICATE", on_write=self._write)
        return self._device.service(
            0x181C,
            [
                self._control,
                make(0x2A9A, "READ", lambda: wire.u8(self.current)),
                make(0x2A99, "READ,WRITE", lambda: wire.u32(self._changes), on_write=self._set_changes),
                make(0x2A85, "READ", lambda: wire.birth_date(self._own().born)),
                make(0x2A8C, "READ", lambda: wire.u8(self._own().gender)),
                make(0x2A8E, "READ", lambda: wire.u16(self._own().height_centimetre)),
            ],
        )

    def _own(self) -> Profile:
        profile = self._profiles.get(self.current)
        if profile is None:
            raise ATT_Error(NO_CONSENT)
        return profile

    def _set_changes(self, _link: Link, value: bytes) -> None:
        self._own()
        self._changes = int.from_bytes(value[:4], "little")

    def _write(self, link: Link, request: bytes) -> None:
        self._device.start(self._serve(link, request))

    async def _serve(self, link: Link, request: bytes) -> None:
        op = request[0] if request else 0
        code, extra = self._perform(op, request[1:])
        await self._device.answer(link, self._control, bytes((RESPONSE, op, code)) + extra)
        if op == CONSENT and code == SUCCESS:
            self._released(link, self.current)

    def _perform(self, op: int, operand: bytes) -> tuple[int, bytes]:
        if op == REGISTER:
            return self._register(operand)
        if op == CONSENT:
            return self._consent(operand)
        if op == LIST_ALL:
            users = sorted(self._profiles)
            return SUCCESS, bytes((len(users), *users))
        if op in (DELETE_DATA, DELETE_USER):
            return NOT_AUTHORISED, b""
        return OP_UNSUPPORTED, b""

    def _register(self, operand: bytes) -> tuple[int, bytes]:
        if len(operand) != 2 or int.from_bytes(operand, "little") > HIGHEST_CODE:
            return INVALID_PARAMETER, b""
        free = [slot for slot in range(1, self._slots + 1) if slot not in self._profiles]
        if not free:
            return FAILED, b""
        self._profiles[free[0]] = Profile(int.from_bytes(operand, "little"))
        return SUCCESS, wire.u8(free[0])

    def _consent(self, operand: bytes) -> tuple[int, bytes]:
        if len(operand) != 3:
            return INVALID_PARAMETER, b""
        slot, code = struct.unpack("<BH", operand)
        profile = self._profiles.get(slot)
        if profile is None or profile.consent_code != code:
            return NOT_AUTHORISED, b""
        self.current = slot
        return SUCCESS, b""
