"""Ends a link, also one that the other side ended at the same moment."""

from __future__ import annotations

import asyncio
from typing import Any, Final

AS_ITS_USER_WANTS: Final = 0x13
"""HCI reason of a link that one side ended on purpose."""
PATIENCE_SECONDS: Final = 1.0


async def end_link(connection: Any, reason: int = AS_ITS_USER_WANTS) -> None:
    """The library waits for ever for the end of a link that has gone before the request: give up instead."""
    if connection.handle not in connection.device.connections:
        return
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await connection.disconnect(reason)
    except TimeoutError:
        return
