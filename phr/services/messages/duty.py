"""The duty inbox: that an urgent case was not answered, to the staff of the city and never to the person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID, uuid5

from phr.domain.messages.catalogue import catalogue
from phr.domain.messages.channel import AddressGone, Channel, ChannelBusy, ChannelRefused, Note
from phr.errors import Busy

TO: Final = "duty"
"""What stands in the payload of a message that is for the staff on duty."""
_KEYS: Final = UUID("5a1f6f0c-0b7d-5c1f-9d53-7a2b9c1e4d10")
_NOT_SET_UP: Final = 3600
_HOUR: Final = 3600


class Duty:
    """Sends to one address of the city."""

    def __init__(self, channels: Mapping[str, Channel], address: str, city: str, base_url: str) -> None:
        self._channels = channels
        self._address = address
        self._city = city
        self._base_url = base_url

    def __call__(self, key: str) -> str:
        """Sends one message; gives what became of it. Raises Busy where no mail or no address is set up."""
        channel = self._channels.get("email")
        if channel is None or not self._address:
            raise Busy("no mail for the staff on duty is set up", after_seconds=_NOT_SET_UP)
        note = Note(
            key=uuid5(_KEYS, key),
            subject=f"{self._city} 担当リスト",
            text=catalogue().duty["ja"],
            url=f"{self._base_url}/staff",
            stop_url="",
            seconds=24 * _HOUR,
            urgent=True,
        )
        try:
            return channel.send(self._address, note)
        except ChannelBusy as trouble:
            raise Busy(str(trouble), after_seconds=trouble.after or 60) from None
        except (AddressGone, ChannelRefused) as trouble:
            raise Busy(f"the duty mailbox: {trouble}", after_seconds=_HOUR) from None
