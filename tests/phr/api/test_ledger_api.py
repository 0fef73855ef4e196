"""The embedded ledger's endpoints: statuses, bodies and headers of the Formance Ledger v2 API."""

import httpx
import pytest

from tests.phr.clients.ledger_city import TOKEN, InProcess, app, database

pytestmark = pytest.mark.db


@pytest.fixture(scope="module")
def http():
    with database() as reach:
        client = httpx.Client(
            transport=InProcess(app(reach[0])),
            base_url="http://ledger.example/ledger/v2",
            headers={"Authorization": f"Bearer {TOKEN}"},
        )
        yield client


_names = iter(f"api-{n}" for n in range(1000))


@pytest.fixture
def book(http):
    name = next(_names)
    assert http.post(f"/{name}").status_code == 204
    return name


def body(source="world", destination="a", amount=10, **more):
    posting = {"source": source, "destination": destination, "amount": amount, "asset": "HPT"}
    return {"postings": [posting], "metadata": {"rule": "x"}, **more}


def is_error(response, status, code):
    assert (response.status_code, response.json()["errorCode"]) == (status, code)
    assert set(response.json()) == {"errorCode", "errorMessage", "details"}


def test_a_transaction_is_answered_200_with_data(http, book):
    """V2CreateTransactionResponse."""
    response = http.post(
        f"/{book}/transactions", json=body(reference="r", timestamp="2026-06-10T23:59:59+09:00")
    )
    assert response.status_code == 200
    data = response.json()["data"]
    assert (data["id"], data["reference"], data["reverted"]) == (1, "r", False)
    assert data["timestamp"] == "2026-06-10T14:59:59Z"
    assert data["postings"] == body()["postings"]
    assert http.get(f"/{book}/transactions/1").json()["data"] == data


def test_a_replay_is_the_first_answer_with_a_header(http, book):
    """Idempotency-Hit: true on replay, and not before."""
    answers = [
        http.post(f"/{book}/transactions", json=body(), headers={"Idempotency-Key": "k"}) for _ in range(2)
    ]
    assert [a.headers.get("Idempotency-Hit") for a in answers] == [None, "true"]
    assert answers[0].content == answers[1].content
    other = http.post(f"/{book}/transactions", json=body(amount=1), headers={"Idempotency-Key": "k"})
    is_error(other, 400, "VALIDATION")


def test_errors_have_formances_statuses_and_codes(http, book):
    """errorCode, errorMessage, details; 400 unless the cause has a status of its own."""
    url = f"/{book}/transactions"
    http.post(url, json=body(reference="r"))
    is_error(http.post(url, json=body(reference="r")), 409, "CONFLICT")
    is_error(http.post(url, json=body("poor")), 400, "INSUFFICIENT_FUND")
    is_error(http.post(url, json={"metadata": {}}), 400, "NO_POSTINGS")
    is_error(http.post(url, json=body(script={"plain": "send"})), 400, "VALIDATION")
    is_error(http.post(url + "?force=true", json=body()), 400, "VALIDATION")
    is_error(http.post(url + "?dryRun=maybe", json=body()), 400, "VALIDATION")
    is_error(http.post(url, content=b"{"), 400, "VALIDATION")
    is_error(http.post(url, content=b" " * 1_100_000), 400, "VALIDATION")
    is_error(http.post(url, json=body(), headers={"Idempotency-Key": "k" * 300}), 400, "VALIDATION")
    is_error(http.get(url + "/99"), 404, "NOT_FOUND")
    is_error(http.get(url + "/x"), 400, "VALIDATION")
    is_error(http.get("/none/transactions"), 404, "LEDGER_NOT_FOUND")
    is_error(http.post(f"/{book}"), 400, "LEDGER_ALREADY_EXISTS")
    is_error(http.get(f"/{book}/volumes?pageSize=0"), 400, "VALIDATION")
    is_error(http.get(f"/{book}/logs?cursor=x"), 400, "VALIDATION")
    is_error(http.get(f"/{book}/accounts/a b"), 400, "VALIDATION")


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer é"]
)
def test_nobody_without_the_token_gets_in(http, book, header):
    """Reads and writes alike; the ledger's existence is not told."""
    for method, path in (
        ("GET", f"/{book}/logs"),
        ("POST", f"/{book}/transactions"),
        ("GET", "/none/volumes"),
    ):
        response = http.request(method, path, headers={"Authorization": header.encode()})
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"


def test_without_a_token_in_the_settings_nobody_gets_in():
    """Fails closed: an empty token does not match an empty header."""
    made = app("")
    for token in ("", None):
        made.state.ledger_token = token
        http = httpx.Client(transport=InProcess(made), base_url="http://ledger.example/ledger/v2")
        assert http.get("/x/logs", headers={"Authorization": "Bearer "}).status_code == 401


def test_a_dry_run_writes_nothing(http, book):
    """dryRun=true."""
    assert http.post(f"/{book}/transactions?dryRun=true", json=body()).json()["data"]["id"] == 1
    assert http.get(f"/{book}/transactions").json() == {
        "cursor": {"pageSize": 15, "hasMore": False, "data": []}
    }


def test_a_revert_is_answered_201_and_only_once(http, book):
    """201, then ALREADY_REVERT; below zero needs force."""
    http.post(f"/{book}/transactions", json=body())
    http.post(f"/{book}/transactions", json=body("a", "b"))
    is_error(http.post(f"/{book}/transactions/1/revert"), 400, "INSUFFICIENT_FUND")
    response = http.post(f"/{book}/transactions/1/revert?force=true", json={"metadata": {"reason": "test"}})
    assert response.status_code == 201
    assert response.json()["data"]["postings"][0]["destination"] == "world"
    is_error(http.post(f"/{book}/transactions/1/revert"), 400, "ALREADY_REVERT")
    is_error(http.post(f"/{book}/transactions/9/revert"), 404, "NOT_FOUND")
    assert http.get(f"/{book}/transactions/1").json()["data"]["reverted"] is True


def test_lists_are_cursors_and_filters_come_as_body_or_query(http, book):
    """V2TransactionsCursorResponse; {"$match": ...} is Formance's way, ?reference= is for people."""
    for n in range(4):
        http.post(f"/{book}/transactions", json=body(destination=f"r:p{n}:lot:1", reference=f"r{n}"))
    page = http.get(f"/{book}/transactions?pageSize=3").json()["cursor"]
    assert (page["pageSize"], page["hasMore"], [t["id"] for t in page["data"]]) == (3, True, [4, 3, 2])
    last = http.get(f"/{book}/transactions", params={"cursor": page["next"]}).json()["cursor"]
    assert ([t["id"] for t in last["data"]], last["hasMore"]) == ([1], False)
    by_query = http.get(f"/{book}/transactions?reference=r2").json()
    by_body = http.request("GET", f"/{book}/transactions", json={"$match": {"reference": "r2"}}).json()
    assert by_query == by_body
    assert [t["reference"] for t in by_body["cursor"]["data"]] == ["r2"]
    is_error(http.request("GET", f"/{book}/transactions", json={"$or": []}), 400, "VALIDATION")


def test_accounts_balances_volumes_and_logs_tell_the_same_story(http, book):
    """The shapes of V2Account, V2AssetsBalances, V2VolumesWithBalance and V2Log."""
    http.post(f"/{book}/transactions", json=body())
    http.post(f"/{book}/transactions", json=body("a", "b:c", 4))
    account = http.get(f"/{book}/accounts/a").json()["data"]
    assert account == {
        "address": "a",
        "metadata": {},
        "volumes": {"HPT": {"input": 10, "output": 4, "balance": 6}},
    }
    assert http.get(f"/{book}/accounts/b:c").json()["data"]["volumes"]["HPT"]["balance"] == 4
    assert http.get(f"/{book}/aggregate/balances").json() == {"data": {"HPT": 0}}
    assert http.get(f"/{book}/aggregate/balances?address=b:").json() == {"data": {"HPT": 4}}
    volumes = http.get(f"/{book}/volumes").json()["cursor"]["data"]
    assert [(v["account"], v["input"] - v["output"], v["balance"]) for v in volumes] == [
        ("a", 6, 6),
        ("b:c", 4, 4),
        ("world", -10, -10),
    ]
    logs = http.get(f"/{book}/logs").json()["cursor"]["data"]
    assert [(e["id"], e["type"], len(e["hash"])) for e in logs] == [
        (2, "NEW_TRANSACTION", 64),
        (1, "NEW_TRANSACTION", 64),
    ]
    assert logs[0]["data"]["transaction"]["postings"][0]["amount"] == 4


def test_a_bulk_answers_each_element(http, book):
    """V2BulkResponse: 200 when all went well, 400 with every result when not, 413 when too long."""
    good, bad = ({"action": "CREATE_TRANSACTION", "ik": s, "data": body(s)} for s in ("world", "poor"))
    response = http.post(f"/{book}/_bulk", json=[good, good])
    assert response.status_code == 200
    assert [r["data"]["id"] for r in response.json()["data"]] == [1, 1]
    response = http.post(f"/{book}/_bulk?continueOnFailure=true", json=[bad, good])
    assert response.status_code == 400
    assert [r["responseType"] for r in response.json()["data"]] == ["ERROR", "CREATE_TRANSACTION"]
    is_error(http.post(f"/{book}/_bulk", json=[good] * 101), 413, "BULK_SIZE_EXCEEDED")
    is_error(http.post(f"/{book}/_bulk", json={}), 400, "VALIDATION")
