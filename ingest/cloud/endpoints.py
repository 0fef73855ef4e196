"""The addresses of a Google Health cloud: the real one, or one on loopback that behaves like it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a person authorises, where tokens are exchanged and revoked, the API's base and the webhook keys.

    ``api`` has no version and no slash at its end; the collector asks below ``{api}/v4``.
    """

    authorize: str
    token: str
    revoke: str
    api: str
    keys: str


GOOGLE: Final = Endpoints(
    authorize="https://accounts.google.com/o/oauth2/v2/auth",
    token="https://oauth2.googleapis.com/token",  # noqa: S106 - an address, not a password
    revoke="https://oauth2.googleapis.com/revoke",
    api="https://health.googleapis.com",
    keys="https://www.gstatic.com/googlehealthapi/webhooks/webhooks_public_keyset.json",
)
