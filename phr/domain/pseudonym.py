"""Pseudonyms and date shifts that hold for one release only, so that two releases do not meet on them."""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from phr.errors import Unsafe

Days = npt.NDArray[np.datetime64]

LEAST_SECRET: Final = 32
"""Bytes; HKDF adds no strength to a short secret."""
MOST_WEEKS: Final = 26
DAYS_IN_WEEK: Final = 7


@dataclass(frozen=True, slots=True)
class ReleaseKey:
    """The key of one release. Whoever keeps it can rebuild every pseudonym, so nobody does but for a project.

    >>> key = ReleaseKey.derive(b"s" * 32, "2026-07", entropy=b"e" * 32)
    >>> key.pseudonym("person-1") == key.pseudonym("person-1") != key.pseudonym("person-2")
    True
    """

    value: bytes = field(repr=False)

    @classmethod
    def derive(cls, secret: bytes, release_id: str, *, entropy: bytes) -> ReleaseKey:
        """A key from the service's secret, the release and fresh randomness that is forgotten afterwards.

        A keyed hash whose key can be rebuilt is still a linking code (規則34条3号), and 仮名加工情報 wants no rule
        that restores the original (規則31条): the randomness takes both away.
        """
        if len(secret) < LEAST_SECRET:
            raise Unsafe(f"the secret for releases needs at least {LEAST_SECRET} bytes")
        info = b"phr release 1\0" + release_id.encode()
        return cls(HKDF(algorithm=hashes.SHA256(), length=32, salt=entropy, info=info).derive(secret))

    @classmethod
    def of_project(cls, secret: bytes, project: str, *, seed: bytes) -> ReleaseKey:
        """The key of a study whose protocol asks to join its own releases: the same as long as its seed is kept.

        Numbers and shifts of dates then agree inside the project and with nothing else.
        """
        if len(secret) < LEAST_SECRET or len(seed) < LEAST_SECRET:
            raise Unsafe(f"the secret and the seed of a project need at least {LEAST_SECRET} bytes")
        info = b"phr project 1\0" + project.encode()
        return cls(HKDF(algorithm=hashes.SHA256(), length=32, salt=seed, info=info).derive(secret))

    def _mac(self, use: str, text: str) -> bytes:
        return hmac.digest(self.value, f"{use}\0{text}".encode(), "sha256")

    def pseudonym(self, person: str) -> str:
        """26 letters and digits (128 bits): unique, and without an order that tells anything."""
        return base64.b32encode(self._mac("pseudonym", person)[:16]).decode().rstrip("=").lower()

    def weeks(self, person: str) -> int:
        """Weeks by which the person's dates move: -26 to 26, never 0, all equally likely."""
        step = int.from_bytes(self._mac("shift", person)[:8], "big") % (2 * MOST_WEEKS)
        return step - MOST_WEEKS if step < MOST_WEEKS else step - MOST_WEEKS + 1

    def seed(self, use: str) -> int:
        """A seed for the randomness of this release."""
        return int.from_bytes(self._mac("seed", use)[:16], "big")


def shift(instants: Days, weeks: npt.NDArray[np.int64] | int) -> Days:
    """Moves days or instants by whole weeks: weekday, time of day and a person's intervals survive."""
    return instants + np.asarray(weeks).astype("timedelta64[D]") * DAYS_IN_WEEK
