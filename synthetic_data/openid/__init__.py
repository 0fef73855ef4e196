"""An invented OpenID provider, the city's common ID: written from OpenID Connect Core 1.0, with faults to choose."""

from synthetic_data.openid.provider import FAULTS, Provider
from synthetic_data.openid.server import serve

__all__ = ["FAULTS", "Provider", "serve"]
