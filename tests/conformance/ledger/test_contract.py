"""The Formance Ledger v2 API as its public description has it (openapi/v2.yaml), asked over HTTP of whichever server."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.db, pytest.mark.filterwarnings("ignore:The .* transaction")]


def body(source="world", destination="residents:p_1:lot:2027-03-31", amount=100, **more):
    """A V2PostTransaction."""
    posting = {"source": source, "destination": destination, "amount": amount, "asset": "HPT"}
    return {"postings": [posting], "metadata": {"rule": "steps_goal"}, **more}


def refused(answer, status, code):
    """A V2ErrorResponse."""
    assert (answer.status_code, answer.json()["errorCode"]) == (status, code)
    assert isinstance(answer.json()["errorMessage"], str)


def pages(server, path, **query):
    """Every row of a cursor, page by page."""
    rows, answer = [], server.get(path, params=query)
    while True:
        assert answer.status_code == 200
        cursor = answer.json()["cursor"]
        rows += cursor["data"]
        if not cursor["hasMore"]:
            return rows
        answer = server.get(path, params={"cursor": cursor["next"]})


def test_a_transaction_is_answered_with_itself(server, book):
    """200, data: id, postings, metadata, reference, timestamp, reverted."""
    answer = server.post(
        f"{book}/transactions", json=body(reference="r:1", timestamp="2026-06-10T23:59:59+09:00")
    )
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert (data["reference"], data["reverted"], data["metadata"]) == ("r:1", False, {"rule": "steps_goal"})
    assert data["postings"] == body()["postings"]
    assert data["timestamp"].startswith("2026-06-10T14:59:59")
    assert isinstance(data["id"], int)
    found = server.get(f"{book}/transactions/{data['id']}").json()["data"]
    assert {key: found[key] for key in ("id", "postings", "reference")} == {
        key: data[key] for key in ("id", "postings", "reference")
    }


def test_a_key_is_answered_once_and_then_from_memory(server, book):
    """Idempotency-Key: same body, same answer with Idempotency-Hit; another body is an error; one transaction."""
    key = {"Idempotency-Key": "key-1"}
    first = server.post(f"{book}/transactions", json=body(), headers=key)
    again = server.post(f"{book}/transactions", json=body(), headers=key)
    assert again.status_code == 200
    assert again.headers.get("Idempotency-Hit") == "true"
    assert again.json()["data"]["id"] == first.json()["data"]["id"]
    refused(server.post(f"{book}/transactions", json=body(amount=7), headers=key), 400, "VALIDATION")
    assert len(pages(server, f"{book}/transactions")) == 1


def test_a_reference_is_used_once(server, book):
    """A second use is a CONFLICT, whatever the body."""
    assert server.post(f"{book}/transactions", json=body(reference="r")).status_code == 200
    refused(server.post(f"{book}/transactions", json=body(reference="r", amount=1)), 409, "CONFLICT")


def test_nobody_but_world_spends_what_it_has_not(server, book):
    """INSUFFICIENT_FUND, and nothing is posted."""
    refused(server.post(f"{book}/transactions", json=body("poor", "b")), 400, "INSUFFICIENT_FUND")
    assert pages(server, f"{book}/transactions") == []


def test_postings_or_a_script_and_not_both(server, book):
    """Neither is NO_POSTINGS, both are VALIDATION."""
    refused(server.post(f"{book}/transactions", json={"metadata": {}}), 400, "NO_POSTINGS")
    script = {"plain": "send [HPT 1] (source = @world destination = @a)", "vars": {}}
    refused(server.post(f"{book}/transactions", json=body(script=script)), 400, "VALIDATION")


def test_what_is_missing_is_not_found(server, book):
    """NOT_FOUND for a transaction, LEDGER_NOT_FOUND for a ledger, LEDGER_ALREADY_EXISTS for a second one."""
    refused(server.get(f"{book}/transactions/4711"), 404, "NOT_FOUND")
    refused(server.post("/no-such-ledger-here/transactions", json=body()), 404, "LEDGER_NOT_FOUND")
    refused(server.post(book, json={}), 400, "LEDGER_ALREADY_EXISTS")


def test_a_dry_run_posts_nothing(server, book):
    """dryRun=true answers as if, and leaves nothing."""
    answer = server.post(f"{book}/transactions?dryRun=true", json=body(reference="r"))
    assert (answer.status_code, answer.json()["data"]["reference"]) == (200, "r")
    assert pages(server, f"{book}/transactions") == []


def test_a_revert_is_a_new_transaction_and_happens_once(server, book):
    """201; the other way round; the first is marked; a second one is ALREADY_REVERT."""
    number = server.post(f"{book}/transactions", json=body()).json()["data"]["id"]
    answer = server.post(f"{book}/transactions/{number}/revert", json={"metadata": {"reason": "duplicate"}})
    assert answer.status_code == 201
    (posting,) = answer.json()["data"]["postings"]
    assert (posting["source"], posting["destination"]) == ("residents:p_1:lot:2027-03-31", "world")
    assert server.get(f"{book}/transactions/{number}").json()["data"]["reverted"] is True
    refused(server.post(f"{book}/transactions/{number}/revert"), 400, "ALREADY_REVERT")


def test_a_revert_of_what_was_spent_needs_force(server, book):
    """INSUFFICIENT_FUND unless forced: our own reversals use a claim instead, and never force."""
    number = server.post(f"{book}/transactions", json=body("world", "a")).json()["data"]["id"]
    server.post(f"{book}/transactions", json=body("a", "b"))
    refused(server.post(f"{book}/transactions/{number}/revert"), 400, "INSUFFICIENT_FUND")
    assert server.post(f"{book}/transactions/{number}/revert?force=true").status_code == 201


def step(reference, key=None, **more):
    """An element of a V2Bulk."""
    made = {"action": "CREATE_TRANSACTION", "data": body(reference=reference, **more)}
    return made if key is None else {**made, "ik": key}


def test_a_bulk_answers_each_element_in_order(server, book):
    """200 with one result for each."""
    answer = server.post(f"{book}/_bulk", json=[step(f"r{n}", f"k{n}") for n in range(5)])
    assert answer.status_code == 200
    results = answer.json()["data"]
    assert [one["responseType"] for one in results] == ["CREATE_TRANSACTION"] * 5
    assert [one["data"]["reference"] for one in results] == [f"r{n}" for n in range(5)]


def test_a_bulk_goes_on_after_a_failure_when_told_to(server, book):
    """continueOnFailure=true: 400, the failed element has its code, the others are done; the same again counts once."""
    steps = [step("r1", "k1"), step("r2", "k2", source="poor"), step("r3", "k3")]
    for _ in range(2):
        answer = server.post(f"{book}/_bulk?continueOnFailure=true", json=steps)
        assert answer.status_code == 400
        results = answer.json()["data"]
        assert [one.get("errorCode") for one in results] == [None, "INSUFFICIENT_FUND", None]
    assert {one["reference"] for one in pages(server, f"{book}/transactions")} == {"r1", "r3"}


def test_a_bulk_stops_at_a_failure_otherwise(server, book):
    """What came before stays, what comes after is not done."""
    answer = server.post(f"{book}/_bulk", json=[step("r1"), step("r2", source="poor"), step("r3")])
    assert answer.status_code == 400
    assert {one["reference"] for one in pages(server, f"{book}/transactions")} == {"r1"}


def test_accounts_volumes_and_balances_agree(server, book):
    """Input, output and balance; all balances together are zero."""
    server.post(f"{book}/transactions", json=body("world", "issuance:fy2026:steps", 50))
    server.post(f"{book}/transactions", json=body("issuance:fy2026:steps", "residents:p_1:lot:1", 20))
    account = server.get(f"{book}/accounts/issuance:fy2026:steps", params={"expand": "volumes"}).json()[
        "data"
    ]
    volumes = account["volumes"]["HPT"]
    assert (volumes["input"], volumes["output"]) == (50, 20)
    match = {"$match": {"address": "residents:"}}
    one = server.request("GET", f"{book}/aggregate/balances", json=match)
    assert one.status_code == 200
    everything = server.get(f"{book}/aggregate/balances").json()["data"]
    assert everything == {"HPT": 0}
    rows = {row["account"]: row["balance"] for row in pages(server, f"{book}/volumes")}
    assert rows == {"world": -50, "issuance:fy2026:steps": 30, "residents:p_1:lot:1": 20}


def test_transactions_are_pages_newest_first_and_found_by_reference(server, book):
    """pageSize, hasMore, next; {"$match": {"reference": ...}}."""
    for n in range(7):
        server.post(f"{book}/transactions", json=body(reference=f"r{n}"))
    first = server.get(f"{book}/transactions", params={"pageSize": 3}).json()["cursor"]
    assert (first["hasMore"], [one["reference"] for one in first["data"]]) == (True, ["r6", "r5", "r4"])
    rows = pages(server, f"{book}/transactions", pageSize=3)
    assert [one["reference"] for one in rows] == [f"r{n}" for n in reversed(range(7))]
    match = {"$match": {"reference": "r3"}}
    found = server.request("GET", f"{book}/transactions", json=match).json()["cursor"]["data"]
    assert [one["reference"] for one in found] == ["r3"]


def test_the_log_tells_every_write_newest_first(server, book):
    """V2Log: id, type, data, date; the transaction with its reference and postings is in it."""
    number = server.post(f"{book}/transactions", json=body(reference="r")).json()["data"]["id"]
    server.post(f"{book}/transactions/{number}/revert")
    rows = pages(server, f"{book}/logs", pageSize=1)
    assert [one["type"] for one in rows] == ["REVERTED_TRANSACTION", "NEW_TRANSACTION"]
    assert rows[0]["id"] > rows[1]["id"]
    assert rows[1]["data"]["transaction"]["reference"] == "r"
    assert rows[1]["data"]["transaction"]["postings"] == body()["postings"]


def test_our_client_delivers_in_bulk_and_reads_the_log(server, book):
    """The client that the worker uses, against the same server: receipts, replays, the log as the comparison reads it."""
    from phr.clients.ledger import LedgerClient, LedgerReceipt, LedgerRefused
    from phr.domain.ledger import parse_order

    token = server.headers.get("Authorization", "").removeprefix("Bearer ")
    client = LedgerClient(server, str(server.base_url), book[1:], token=token)
    orders = [(parse_order(body(reference=f"r{n}")), f"k{n}") for n in range(3)]
    orders.append((parse_order(body("poor", reference="p")), "kp"))
    first, again = client.deliver_many(orders), client.deliver_many(orders)
    for found in (first, again):
        assert [type(one) for one in found] == [LedgerReceipt] * 3 + [LedgerRefused]
    assert [one.id for one in first[:3]] == [one.id for one in again[:3]]
    entries = [entry for page in client.log() for entry in page]
    assert {entry.reference for entry in entries} == {"r0", "r1", "r2"}
    assert entries[-1].postings == orders[0][0].postings


def test_the_embedded_ledger_answers_under_formances_own_addresses(server, book, request):
    """/v2 and /api/ledger/v2 are the same ledger; without the token nobody gets in there either."""
    if request.node.callspec.params["server"] == "formance":
        pytest.skip("a real server has the one address that it was given")
    server.post(f"{book}/transactions", json=body(reference="r"))
    root = str(server.base_url).split("/ledger/v2")[0]
    for prefix in ("/v2", "/api/ledger/v2"):
        answer = server.get(f"{root}{prefix}{book}/transactions")
        assert [one["reference"] for one in answer.json()["cursor"]["data"]] == ["r"]
        assert server.get(f"{root}{prefix}{book}/logs", headers={"Authorization": ""}).status_code == 401
