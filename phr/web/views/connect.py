"""What the page of connections receives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

State = Literal["none", "connected", "needs-reconnect", "consent-again", "paused", "disconnected"]


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """What was not taken in: why (sentences "turned-away"), of which kind where that is known, and how many."""

    why: str
    category: str
    count: int


@dataclass(frozen=True, slots=True)
class Connect:
    """The connection to Google Health, and what of all deliveries was turned away.

    ready: this installation is registered with Google. state: sentences "connect-state". wanted: kinds that the
    person lets the city collect and Google Health has; granted: those that the person let Google give.
    trouble: why the last reading failed (sentences "connect-trouble"). notice: what just happened (sentences
    "connect-notice"). elsewhere: the origin of the page at which the person authorises.
    """

    ready: bool
    state: State
    wanted: tuple[str, ...]
    granted: tuple[str, ...] = ()
    connected_at: datetime | None = None
    last_success_at: datetime | None = None
    received: int = 0
    trouble: str = ""
    turned_away: tuple[TurnedAway, ...] = ()
    notice: str = ""
    elsewhere: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """Kinds that would come if the person let Google give them too."""
        return tuple(kind for kind in self.wanted if kind not in self.granted)
