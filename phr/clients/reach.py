"""Whether another server can be reached at all, and until when its certificate is good; nothing is asked of it."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

_PATIENCE: Final = 3.0
_PORTS: Final = {"https": 443, "http": 80, "redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671}


def answers(url: str) -> bool:
    """Whether something listens where an address leads: scheme://host[:port]."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
        with socket.create_connection((parts.hostname or "", port), _PATIENCE):
            return True
    except (OSError, ValueError, OverflowError):
        return False


def certificate_end(url: str, context: ssl.SSLContext | None = None) -> datetime | None:
    """When the certificate ends that is shown for an https address; None without a valid one."""
    context = context or ssl.create_default_context()
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _PORTS["https"]
        with (
            socket.create_connection((host, port), _PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname=host) as shown,
        ):
            found = shown.getpeercert() or {}
    except (OSError, ValueError):  # ssl.SSLError is an OSError
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(found["notAfter"])), UTC)
