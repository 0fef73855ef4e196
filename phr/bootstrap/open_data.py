"""Open data: statistics for everybody, and the city's broker."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from phr.bootstrap.core import Core
from phr.clients.broker import Broker
from phr.domain.days import day_at
from phr.errors import Refused

if TYPE_CHECKING:
    from phr.services.open_data import OpenData


class Opening(Core):
    """What everybody may know."""

    @cached_property
    def open_data(self) -> OpenData:
        """Open statistics."""
        from phr.services.open_data import (  # noqa: PLC0415 - opendp is slow to load, and most commands need it not
            OpenData,
            Place,
        )

        s = self.settings
        districts = tuple(one.strip() for one in s.open_districts.split(",") if one.strip())
        place = Place(s.city, districts, s.base_url)
        return OpenData(self.store, self.clock, s.tz, s.recipient, place, self.long_reads)

    def broker(self) -> Broker:
        """The city's context broker."""
        s = self.settings
        if not s.open_broker_url:
            raise Refused("no broker is set: PHR_OPEN_BROKER_URL")
        broker = Broker(s.open_broker_url, s.open_broker_token.get_secret_value())
        self.closing.callback(broker.close)
        return broker

    def open_year(self, *, request: str) -> int:
        """The yearly work: tells the year that is over, and sends it to the broker where there is one."""
        edition = self.open_data.publish(day_at(self.clock.now(), self.settings.tz).year - 1, request=request)
        return self.open_data.push(edition.edition, self.broker()) if self.settings.open_broker_url else 0
