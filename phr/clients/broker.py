"""An NGSI-LD context broker (FIWARE): entities go in, and nothing is asked of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx

from phr.errors import Busy, Refused

_PATIENCE: Final = 30.0
_AT_ONCE: Final = 100
_TAKEN: Final = (201, 204)


class Broker:
    """Upserts entities, some in each call; the same entity twice is one entity."""

    def __init__(self, url: str, token: str = "", transport: httpx.BaseTransport | None = None) -> None:
        self._url = f"{url.rstrip('/')}/ngsi-ld/v1/entityOperations/upsert"
        self._headers = {"Content-Type": "application/ld+json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._client = httpx.Client(timeout=_PATIENCE, transport=transport)

    def close(self) -> None:
        """Gives its connections back."""
        self._client.close()

    def upsert(self, entities: Sequence[Mapping[str, Any]]) -> int:
        """Puts entities; gives how many. Raises Refused when the broker does, Busy when it may be tried again."""
        for start in range(0, len(entities), _AT_ONCE):
            self._send(list(entities[start : start + _AT_ONCE]))
        return len(entities)

    def _send(self, some: list[Mapping[str, Any]]) -> None:
        try:
            answer = self._client.post(self._url, json=some, headers=self._headers)
        except httpx.HTTPError as error:
            raise Busy(f"the broker does not answer: {type(error).__name__}", after_seconds=60) from None
        if answer.status_code in _TAKEN:
            return
        if answer.status_code in (429, 502, 503, 504):
            raise Busy(f"the broker answers {answer.status_code}", after_seconds=60)
        raise Refused(f"the broker answers {answer.status_code}")
