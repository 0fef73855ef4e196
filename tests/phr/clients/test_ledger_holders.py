"""The pages of the ledger's volumes: all of them, of the one asset, above zero; and one error for every odd answer."""

from __future__ import annotations

import httpx
import pytest

from phr.clients.ledger import LedgerRetry
from phr.clients.ledger_holders import asking, holders

PAGES = {
    None: {
        "hasMore": True,
        "next": "n1",
        "data": [
            {"account": "residents:a:lot:x", "asset": "HPT", "balance": 5},
            {"account": "residents:b:lot:x", "asset": "HPT", "balance": 0},
            {"account": "residents:c:lot:x", "asset": "OTHER", "balance": 7},
        ],
    },
    "n1": {"hasMore": False, "data": [{"account": "residents:d:lot:x", "asset": "HPT", "balance": 2}]},
}


def ask(answer):
    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        return list(holders(http, "http://ledger.test/v2", "kenko", "residents::lot:x", "HPT"))


def test_every_page_is_read_and_only_what_somebody_holds():
    """The second page is asked for by its cursor alone, which holds all the rest."""

    def answer(request):
        cursor = request.url.params.get("cursor")
        assert (cursor is None) == ("address" in request.url.params)
        return httpx.Response(200, json={"cursor": PAGES[cursor]})

    assert ask(answer) == [("residents:a:lot:x", 5), ("residents:d:lot:x", 2)]


@pytest.mark.parametrize(
    "answer",
    [
        lambda _request: httpx.Response(500),
        lambda _request: httpx.Response(200, text="no JSON"),
        lambda _request: httpx.Response(200, json=[]),
        lambda _request: httpx.Response(200, json={"cursor": 3}),
        lambda _request: (_ for _ in ()).throw(httpx.ConnectError("down")),
    ],
)
def test_whatever_is_no_list_is_asked_again_later(answer):
    """Nobody is told, and nothing ends, on half an answer."""
    with pytest.raises(LedgerRetry):
        ask(answer)


def test_the_question_shows_the_token():
    """And follows no redirect."""
    with asking("t") as http:
        assert http.headers["Authorization"] == "Bearer t"
        assert not http.follow_redirects
