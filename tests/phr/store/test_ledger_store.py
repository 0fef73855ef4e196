"""The embedded ledger on PostgreSQL: counts once, balances always, and nobody rewrites it."""

import threading

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phr.domain.ledger import Code, LedgerRefusal
from phr.store import ledger as store
from tests.phr.clients.ledger_city import database

pytestmark = pytest.mark.db
IN_ORDER = {"zero": True, "carried": True, "logged": True, "chain": True}


@pytest.fixture(scope="module")
def reach():
    with database() as found:
        yield found


@pytest.fixture
def db(reach):
    with psycopg.connect(reach[0]) as connection:
        yield connection


_names = iter(f"book-{n}" for n in range(10_000))


@pytest.fixture
def book(reach):
    return new_book(reach)


def new_book(reach):
    name = next(_names)
    with psycopg.connect(reach[0]) as connection:
        store.create_ledger(connection, name)
    return name


def body(source="world", destination="a", amount=10, reference=None, **more):
    posting = {"source": source, "destination": destination, "amount": amount, "asset": "HPT"}
    return {"postings": [posting], "metadata": {}, **({"reference": reference} if reference else {}), **more}


def code(call, *args, **more):
    with pytest.raises(LedgerRefusal) as caught:
        call(*args, **more)
    return caught.value.code


def test_twenty_identical_posts_at_once_are_one_transaction(reach, book):
    """R6-2: concurrent, same key: one posts, nineteen get its answer."""
    answers, start = [], threading.Barrier(20)

    def post():
        with psycopg.connect(reach[0]) as connection:
            start.wait()
            answers.append(store.create_transaction(connection, book, body(), idempotency_key="k"))

    threads = [threading.Thread(target=post) for _ in range(20)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert len(answers) == 20
    assert [a.hit for a in answers].count(False) == 1
    assert len({str(a.data) for a in answers}) == 1
    with psycopg.connect(reach[0]) as connection:
        assert store.aggregate_balances(connection, book, address="a") == {"HPT": 10}
        assert store.verify(connection, book) == IN_ORDER


def test_twenty_posts_with_one_reference_are_one_transaction(reach, book):
    """The reference is unique even when every caller brings another key."""
    outcomes, start = [], threading.Barrier(20)

    def post(n):
        with psycopg.connect(reach[0]) as connection:
            start.wait()
            try:
                store.create_transaction(connection, book, body(reference="r"), idempotency_key=f"k{n}")
                outcomes.append("made")
            except LedgerRefusal as refused:
                outcomes.append(refused.code)

    threads = [threading.Thread(target=post, args=(n,)) for n in range(20)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(outcomes) == [Code.CONFLICT] * 19 + ["made"]


def test_crossing_transfers_and_bulks_do_not_deadlock(reach, book):
    """Locks are taken in one order, so rings of transfers all go through."""
    names = ["x", "y", "z"]
    with psycopg.connect(reach[0]) as connection:
        for name in names:
            store.create_transaction(connection, book, body(destination=name, amount=1000))
    trouble = []

    def shuffle(n):
        try:
            with psycopg.connect(reach[0]) as connection:
                for i in range(10):
                    a, b = names[(n + i) % 3], names[(n + 2 * i + 1) % 3]
                    steps = [
                        {"action": "CREATE_TRANSACTION", "ik": f"{k}", "data": body(a, b, 1)}
                        for k in (f"{n}-{i}", f"s-{(n + i) % 2}-{a}{b}")
                    ]
                    store.bulk(connection, book, steps, continue_on_failure=True)
                    store.create_transaction(connection, book, body(b, a, 1))
        except Exception as error:  # noqa: BLE001 - a thread's error must reach the test
            trouble.append(repr(error))

    threads = [threading.Thread(target=shuffle, args=(n,)) for n in range(6)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert trouble == []
    with psycopg.connect(reach[0]) as connection:
        assert store.verify(connection, book) == IN_ORDER
        assert store.aggregate_balances(connection, book) == {"HPT": 0}


def test_the_same_key_with_another_body_is_refused(db, book):
    """The key stands for one request."""
    store.create_transaction(db, book, body(), idempotency_key="k")
    assert code(store.create_transaction, db, book, body(amount=11), idempotency_key="k") == Code.VALIDATION
    assert store.aggregate_balances(db, book, address="a") == {"HPT": 10}


def test_a_crash_before_the_commit_leaves_nothing_and_a_repeat_counts_once(reach, book):
    """Transaction, balances, log and the key's answer commit together or not at all."""
    crashed = psycopg.connect(reach[0])
    crashed.execute("SELECT 1")  # an open transaction: the write below is not committed
    made = store.create_transaction(crashed, book, body(), idempotency_key="k")
    with psycopg.connect(reach[1], autocommit=True) as owner:
        owner.execute("SELECT pg_terminate_backend(%s)", (crashed.info.backend_pid,))
    crashed.close()
    with psycopg.connect(reach[0]) as connection:
        assert store.aggregate_balances(connection, book) == {}
        assert store.verify(connection, book) == IN_ORDER
    with psycopg.connect(reach[0]) as connection:
        again = store.create_transaction(connection, book, body(), idempotency_key="k")
        assert (again.hit, again.data["id"]) == (False, made.data["id"])
        assert store.create_transaction(connection, book, body(), idempotency_key="k").hit
        assert store.aggregate_balances(connection, book, address="a") == {"HPT": 10}


def test_nobody_but_world_goes_below_zero(db, book):
    """INSUFFICIENT_FUND, and nothing of the refused transaction stays."""
    assert code(store.create_transaction, db, book, body("a", "b", 1)) == Code.INSUFFICIENT_FUND
    assert store.list_transactions(db, book)["data"] == []
    assert store.create_transaction(db, book, body("a", "b", 0)).data["id"] == 1


def test_a_dry_run_answers_and_writes_nothing(db, book):
    """dryRun: the answer as it would be."""
    assert store.create_transaction(db, book, body(), idempotency_key="k", dry_run=True).data["id"] == 1
    assert store.list_logs(db, book)["data"] == []
    assert not store.create_transaction(db, book, body(), idempotency_key="k").hit


def test_a_transaction_is_reverted_once(db, book):
    """ALREADY_REVERT the second time; the same key gives the first answer; the original shows it."""
    made = store.create_transaction(db, book, body(timestamp="2026-06-10T00:00:00Z")).data
    undone = store.revert_transaction(db, book, made["id"], idempotency_key="r", at_effective_date=True)
    assert undone.data["timestamp"] == made["timestamp"]
    assert store.revert_transaction(db, book, made["id"], idempotency_key="r", at_effective_date=True).hit
    assert code(store.revert_transaction, db, book, made["id"]) == Code.ALREADY_REVERT
    assert store.get_transaction(db, book, made["id"])["reverted"] is True
    assert store.aggregate_balances(db, book, address="a") == {"HPT": 0}
    assert code(store.revert_transaction, db, book, 99) == Code.NOT_FOUND


def test_a_revert_below_zero_needs_force(db, book):
    """INSUFFICIENT_FUND unless force; then the account is below zero, and stays barred from paying."""
    made = store.create_transaction(db, book, body()).data
    store.create_transaction(db, book, body("a", "b", 7))
    assert code(store.revert_transaction, db, book, made["id"]) == Code.INSUFFICIENT_FUND
    store.revert_transaction(db, book, made["id"], force=True)
    assert store.get_account(db, book, "a")["volumes"]["HPT"]["balance"] == -7
    assert code(store.create_transaction, db, book, body("a", "b", 1)) == Code.INSUFFICIENT_FUND
    store.create_transaction(db, book, body(amount=3))
    store.create_transaction(db, book, body(amount=4))
    assert store.get_account(db, book, "a")["volumes"]["HPT"]["balance"] == 0
    assert store.verify(db, book) == IN_ORDER


def test_a_ledger_is_created_once_and_missing_ones_are_said_to_be(db, book):
    """LEDGER_ALREADY_EXISTS and LEDGER_NOT_FOUND."""
    assert code(store.create_ledger, db, book) == Code.LEDGER_ALREADY_EXISTS
    assert code(store.create_ledger, db, "no/good") == Code.VALIDATION
    assert code(store.create_transaction, db, "none", body()) == Code.LEDGER_NOT_FOUND
    assert code(store.list_volumes, db, "none") == Code.LEDGER_NOT_FOUND


def test_pages_hold_every_row_once(db, book):
    """Cursors walk transactions, volumes and log without a gap or a repeat."""
    for n in range(7):
        store.create_transaction(db, book, body(destination=f"r:p{n}:lot:1", reference=f"r{n}"))
    for read, name, count in (
        (store.list_transactions, "id", 7),
        (store.list_volumes, "account", 8),
        (store.list_logs, "id", 7),
    ):
        page = read(db, book, page_size=3)
        seen = [row[name] for row in page["data"]]
        while page["hasMore"]:
            page = read(db, book, cursor=page["next"])
            seen += [row[name] for row in page["data"]]
        assert len(seen) == len(set(seen)) == count


def test_filters_find_what_they_name_and_nothing_else(db, book):
    """An empty segment stands for any one segment, as in Formance."""
    for address in ("r:p1:lot:1", "r:p1:lot:2", "r:p10:lot:1", "r:p1"):
        store.create_transaction(db, book, body(destination=address, reference=f"to-{address}"))
    assert [v["account"] for v in store.list_volumes(db, book, address="r:p1:lot:")["data"]] == [
        "r:p1:lot:1",
        "r:p1:lot:2",
    ]
    assert store.aggregate_balances(db, book, address="r::lot:") == {"HPT": 30}
    assert store.aggregate_balances(db, book, address=":p1") == {"HPT": 10}
    found = store.list_transactions(db, book, filters={"reference": "to-r:p1"})["data"]
    assert [t["postings"][0]["destination"] for t in found] == ["r:p1"]
    found = store.list_transactions(db, book, filters={"account": "r:p1:lot:", "source": "world"})["data"]
    assert len(found) == 2


@pytest.mark.parametrize("cursor", ["", "%", "e30=", "bnVsbA==", "eyJmIjoxLCJzIjoxLCJhIjoxfQ==", "日本"])
def test_a_cursor_that_is_not_ours_is_refused(db, book, cursor):
    """A cursor is input like any other."""
    for read in (store.list_transactions, store.list_volumes, store.list_logs):
        assert code(read, db, book, cursor=cursor) == Code.VALIDATION


def test_a_bulk_keeps_what_went_well_unless_it_is_atomic(db, book):
    """Elements stand alone; the first failure stops the rest unless told to go on; atomic is all or nothing."""
    good, bad = ({"action": "CREATE_TRANSACTION", "data": body(s, "a", 1)} for s in ("world", "poor"))
    results, failed = store.bulk(db, book, [good, bad, good])
    assert failed
    assert [r["responseType"] for r in results] == ["CREATE_TRANSACTION", "ERROR"]
    results, failed = store.bulk(db, book, [bad, good], continue_on_failure=True)
    assert [r.get("errorCode") for r in results] == ["INSUFFICIENT_FUND", None]
    store.bulk(db, book, [good, bad], atomic=True)
    assert store.aggregate_balances(db, book, address="a") == {"HPT": 2}
    assert store.verify(db, book) == IN_ORDER


def test_a_bulk_sets_removes_and_reverts(db, book):
    """All four actions, each logged."""
    made = store.create_transaction(db, book, {**body(), "metadata": {"rule": "x", "keep": "1"}}).data["id"]
    on = {"targetType": "TRANSACTION", "targetId": made}
    steps = [
        {"action": "ADD_METADATA", "data": {**on, "metadata": {"checked": "yes"}}, "ik": "m"},
        {"action": "DELETE_METADATA", "data": {**on, "key": "rule"}},
        {
            "action": "ADD_METADATA",
            "data": {"targetType": "ACCOUNT", "targetId": "a", "metadata": {"k": "v"}},
        },
        {"action": "REVERT_TRANSACTION", "data": {"id": made}},
    ]
    results, failed = store.bulk(db, book, steps)
    assert (failed, len(results)) == (False, 4)
    assert store.get_transaction(db, book, made)["metadata"] == {"keep": "1", "checked": "yes"}
    assert store.get_account(db, book, "a")["metadata"] == {"k": "v"}
    kinds = [entry["type"] for entry in store.list_logs(db, book)["data"]]
    assert kinds == [
        "REVERTED_TRANSACTION", "SET_METADATA", "DELETE_METADATA", "SET_METADATA", "NEW_TRANSACTION",
    ]  # fmt: skip
    assert store.verify(db, book) == IN_ORDER


@pytest.mark.parametrize("statement", [
    "UPDATE ledger.transaction SET metadata = '{}'",
    "DELETE FROM ledger.posting",
    "UPDATE ledger.posting SET amount = 1",
    "TRUNCATE ledger.log CASCADE",
    "DELETE FROM ledger.idempotency",
    "UPDATE ledger.metadata SET value = ''",
])  # fmt: skip
def test_history_cannot_be_rewritten_even_by_the_owner(reach, book, statement):
    """Append-only by privilege for the service, by trigger for everybody else."""
    for who in reach:
        with psycopg.connect(who) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)


@pytest.mark.parametrize("statement", [
    "UPDATE ledger.balance SET input = 999",
    "INSERT INTO ledger.balance (ledger, address, asset) SELECT name, 'x', 'HPT' FROM ledger.ledger",
    "DELETE FROM ledger.balance",
    "UPDATE ledger.ledger SET name = 'x'",
])  # fmt: skip
def test_the_service_cannot_write_a_balance(db, book, statement):
    """Balances follow from postings, and from nothing else."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        db.execute(statement)
    db.rollback()


def test_postings_cannot_be_added_or_left_out(reach, book):
    """A transaction is complete and closed when it commits."""
    extra = (
        "INSERT INTO ledger.posting (ledger, transaction, position, source, destination, asset, amount)"
        " VALUES (%s, 1, %s, 'world', 'a', 'HPT', 5)"
    )
    with psycopg.connect(reach[0]) as connection:
        store.create_transaction(connection, book, body())
    with psycopg.connect(reach[0]) as connection:
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
            connection.execute(extra, (book, 1))
        connection.rollback()
        connection.execute(
            "INSERT INTO ledger.transaction (ledger, id, at, metadata, postings) VALUES (%s, 2, now(), '{}', 2)",
            (book,),
        )
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
            connection.commit()


def test_the_database_itself_refuses_a_balance_below_zero(reach, book):
    """The second line behind the rule: a transaction written around it fails."""
    with psycopg.connect(reach[0]) as connection:
        connection.execute("SELECT ledger.lock_accounts(%s, '{a,b}', '{HPT,HPT}')", (book,))
        connection.execute(
            "INSERT INTO ledger.transaction (ledger, id, at, metadata, postings) VALUES (%s, 1, now(), '{}', 1)",
            (book,),
        )
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute("INSERT INTO ledger.posting VALUES (%s, 1, 0, 'a', 'b', 'HPT', 5)", (book,))
        connection.rollback()


def test_a_changed_log_is_found(reach, book):
    """The chain shows a change that got past the triggers."""
    with psycopg.connect(reach[0]) as connection:
        for _ in range(3):
            store.create_transaction(connection, book, body())
    with psycopg.connect(reach[1]) as owner:
        owner.execute("ALTER TABLE ledger.log DISABLE TRIGGER append_only")
        owner.execute("UPDATE ledger.log SET data = '{}' WHERE ledger = %s AND id = 2", (book,))
        owner.execute("ALTER TABLE ledger.log ENABLE TRIGGER append_only")
    with psycopg.connect(reach[0]) as connection:
        found = store.verify(connection, book)
    assert (found["chain"], found["logged"]) == (False, False)


account = st.sampled_from(["world", "a", "b", "c"])
step = st.tuples(st.just("post"), account, account, st.integers(0, 20), st.integers(0, 9)) | st.tuples(
    st.just("revert"), st.integers(1, 12), st.booleans(), st.integers(0, 9)
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(step, max_size=14), repeats=st.lists(st.integers(0, 13), max_size=8))
def test_the_ledger_balances_after_any_sequence_with_repeats(reach, steps, repeats):
    """R6-2: the sum of all balances is zero, each event counts once, and only force goes below zero."""
    book = new_book(reach)
    outcomes = {}
    with psycopg.connect(reach[0]) as connection:
        for i in [*range(len(steps)), *(r for r in repeats if r < len(steps))]:
            kind, *rest = steps[i]
            try:
                if kind == "post":
                    source, destination, amount, reference = rest
                    asked = body(source, destination, amount, reference=f"r{reference}")
                    answer = store.create_transaction(connection, book, asked, idempotency_key=f"k{i}")
                else:
                    number, force, _ = rest
                    answer = store.revert_transaction(
                        connection, book, number, force=force, idempotency_key=f"k{i}"
                    )
            except LedgerRefusal:
                continue
            assert answer.hit == (i in outcomes)
            assert outcomes.setdefault(i, answer.data) == answer.data
        assert store.verify(connection, book) == IN_ORDER
        listed = store.list_transactions(connection, book, page_size=100)["data"]
        assert len(listed) == len(outcomes)
        forced = any(s[0] == "revert" and s[2] for s in steps)
        for row in store.list_volumes(connection, book, page_size=100)["data"]:
            assert forced or row["account"] == "world" or row["balance"] >= 0
