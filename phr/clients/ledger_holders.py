"""Who holds how much: the pages of the ledger's volumes for a pattern of accounts, asked one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlencode

import httpx
import orjson

from phr.clients.ledger import TIMEOUT, LedgerRetry
from phr.domain.ledger import parse_name, parse_pattern

_PAGE: Final = 100  # what every server of this API gives at once
_MOST: Final = 4_194_304


def holders(http: httpx.Client, url: str, ledger: str, pattern: str, asset: str) -> Iterator[tuple[str, int]]:
    """Account and balance of every account of a pattern that holds the asset. LedgerRetry when it does not answer."""
    place = f"{url.rstrip('/')}/{parse_name(ledger)}/volumes"
    body = orjson.dumps({"$match": {"address": parse_pattern(pattern)}})
    asked = {"address": pattern, "pageSize": str(_PAGE)}
    while True:
        cursor = _page(http, f"{place}?{urlencode(asked)}", body)
        for row in cursor.get("data") or []:
            if row.get("asset") == asset and type(row.get("balance")) is int and row["balance"] > 0:
                yield str(row.get("account")), row["balance"]
        after = cursor.get("next")
        if not cursor.get("hasMore") or not isinstance(after, str):
            return
        asked = {"cursor": after}  # it holds all the rest
        body = b""


def asking(token: str) -> httpx.Client:
    """A client that shows the ledger's token, with time-outs, and follows no redirect."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False, headers=headers)


def _page(http: httpx.Client, url: str, body: bytes) -> dict[str, Any]:
    try:
        answer = http.request("GET", url, content=body or None)
        if answer.status_code != 200 or len(answer.content) > _MOST:
            raise LedgerRetry("no list of accounts")
        cursor = orjson.loads(answer.content)["cursor"]
    except (httpx.HTTPError, orjson.JSONDecodeError, KeyError, TypeError):
        raise LedgerRetry("no list of accounts") from None
    if not isinstance(cursor, dict):
        raise LedgerRetry("no list of accounts")
    return cursor
