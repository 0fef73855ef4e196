"""A physical activity monitor that can be recognised: its features only, for the measurement layouts are not public."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from synthetic_data.ble.faults import NONE, Faults
from synthetic_data.ble.identity import OPEN, Identity, Security
from synthetic_data.ble.peripheral import Peripheral

TOTAL_ENERGY, DISTANCE, NORMAL_STEPS = (1 << bit for bit in (7, 12, 38))
TRACKER: Final = Identity("Virtual Sensors", "PAM-1")


class ActivityMonitor(Peripheral):
    """183E with 2B3B."""

    kind: ClassVar[str] = "activity"

    def __init__(
        self,
        features: int = TOTAL_ENERGY | DISTANCE | NORMAL_STEPS,
        *,
        identity: Identity = TRACKER,
        name: str = "Virtual Tracker",
        faults: Faults = NONE,
        security: Security = OPEN,
        battery: int = 100,
    ) -> None:
        super().__init__(identity, name, faults=faults, security=security, battery=battery)
        self._features = features

    @property
    def advertised(self) -> tuple[int, ...]:
        """Physical Activity Monitor."""
        return (0x183E,)

    def services(self) -> list[Any]:
        """183E."""
        features = self.characteristic(0x2B3B, "READ", self._features.to_bytes(8, "little"))
        return [self.service(0x183E, [features])]
