"""Migrations of a service that is in use: no statement that holds it up, patience for locks, and safe to interrupt."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy.exc import OperationalError

from phr.errors import Busy
from phr.store import migrations
from phr.store.migrate import config_of_scripts
from phr.store.migrations.script import FREELY
from phr.store.patience import patiently, pauses, take_turn
from tests.phr.store.migration_rules import problems, statements

FOLDER = Path(migrations.__file__).parent
FILES = sorted(one for one in (FOLDER / "sql").glob("*.sql") if not one.stem.endswith("_down"))
HELD = [one for one in FILES if int(one.name[:4]) > FREELY]


def before(file):
    """The text of all revisions under the rules before this one."""
    return "".join(one.read_text() for one in HELD if one.name[:4] < file.name[:4])


def test_no_revision_holds_the_service_up():
    """From the revision after FREELY on; those up to it were made before anybody was served."""
    assert {one.name: problems(one.stem, one.read_text(), before(one)) for one in HELD} == {
        one.name: [] for one in HELD
    }


def test_the_list_of_older_revisions_never_grows():
    """FREELY is a line in time, and not a way out."""
    assert FREELY == 29
    assert len(FILES) > FREELY


def test_revisions_are_one_line_of_numbers_and_each_can_be_taken_back():
    """Two heads would migrate differently on two machines."""
    scripts = ScriptDirectory.from_config(config_of_scripts())
    listed = [one.revision for one in scripts.walk_revisions()][::-1]
    assert listed == [f"{number:04}" for number in range(1, len(listed) + 1)]
    for file in (FOLDER / "versions").glob("0*.py"):
        assert re.search(r"def downgrade\(\) -> None:\n    (?!pass)", file.read_text()), file.name


def test_no_revision_speaks_to_the_database_but_through_the_three_ways():
    """op.execute and op.create_index know nothing of locks."""
    for file in (FOLDER / "versions").glob("0*.py"):
        if int(file.name[:4]) > FREELY:
            used = set(re.findall(r"^from (\S+) import", file.read_text(), re.MULTILINE))
            assert used <= {"__future__", "phr.store.migrations.script"}, file.name


BAD = [
    ("CREATE INDEX a ON phr.vital_day (day);", "build_index"),
    ("CREATE UNIQUE INDEX IF NOT EXISTS a ON phr.vital_day (day);", "build_index"),
    ("DO $$ BEGIN EXECUTE 'CREATE INDEX a ON phr.vital_day (day)'; END $$;", "build_index"),
    ("UPDATE phr.outbox SET state = 'x';", "in_batches"),
    ("DELETE FROM phr.outbox;", "in_batches"),
    ("ALTER TABLE phr.person ADD COLUMN a uuid DEFAULT gen_random_uuid();", "constant"),
    ("ALTER TABLE phr.person ADD COLUMN a timestamptz NOT NULL DEFAULT clock_timestamp();", "constant"),
    ("ALTER TABLE phr.person ADD COLUMN a int DEFAULT 1, ADD COLUMN b bigserial;", "constant"),
    ("ALTER TABLE phr.person ADD COLUMN a int GENERATED ALWAYS AS (1) STORED;", "constant"),
    ("ALTER TABLE phr.person ADD COLUMN a int NOT NULL;", "without a default"),
    ("ALTER TABLE phr.person ALTER COLUMN a SET NOT NULL;", "NOT NULL reads"),
    ("ALTER TABLE phr.person ADD CONSTRAINT c CHECK (a > 0);", "NOT VALID"),
    ("ALTER TABLE ONLY phr.person ADD FOREIGN KEY (a) REFERENCES phr.account (b);", "NOT VALID"),
    ("ALTER TABLE phr.person ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE phr.person VALIDATE CONSTRAINT c;", "later"),
    ("ALTER TABLE phr.person ADD CONSTRAINT u UNIQUE (a);", "USING INDEX"),
    ("ALTER TABLE phr.person ALTER COLUMN a TYPE bigint;", "rewrites"),
    ("ALTER TABLE phr.person RENAME COLUMN a TO b;", "renamed"),
    ("ALTER TABLE phr.person DROP COLUMN a;", "_contract"),
    ("DROP TABLE phr.person;", "_contract"),
    ("LOCK TABLE phr.person;", "everybody"),
    ("TRUNCATE phr.person;", "everybody"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "why"), BAD, ids=[one[0][:50] for one in BAD])
def test_the_rules_find_what_holds_a_service_up(text, why):
    """Each rule fails for a statement that breaks it: also in small letters, and over several lines."""
    for form in (text, text.replace(" ADD", "\n    ADD"), f"-- a remark; with words\n{text}"):
        assert any(why in one for one in problems("0099_next", form)), form


GOOD = [
    "CREATE TABLE phr.a (b int NOT NULL DEFAULT 1 CHECK (b > 0)); CREATE INDEX c ON phr.a (b); ALTER TABLE phr.a ADD CHECK (b > 1);",
    "ALTER TABLE phr.person ADD COLUMN a integer NOT NULL DEFAULT 0;",
    "ALTER TABLE phr.person ADD COLUMN a text DEFAULT 'one; two', ADD COLUMN b boolean NOT NULL DEFAULT false;",
    "ALTER TABLE phr.person ADD CONSTRAINT c CHECK (a > 0) NOT VALID;",
    "ALTER TABLE phr.person VALIDATE CONSTRAINT c;",
    "ALTER TABLE phr.person DROP CONSTRAINT c;",
    "ALTER TABLE phr.person ADD CONSTRAINT u UNIQUE USING INDEX i;",
    "CREATE OR REPLACE FUNCTION phr.f() RETURNS void LANGUAGE sql AS $$ UPDATE phr.outbox SET state = 'x' $$;",
    "CREATE POLICY p ON phr.person FOR UPDATE TO phr_app USING (true); GRANT UPDATE ON phr.person TO phr_app;",
]  # fmt: skip


@pytest.mark.parametrize("text", GOOD, ids=[one[:50] for one in GOOD])
def test_the_rules_let_pass_what_holds_nobody_up(text):
    """A rule that forbids everything would be worked around."""
    assert problems("0099_next", text) == []


def test_not_null_may_follow_a_validated_rule_and_a_contract_may_drop():
    """The long way: a rule, its validation, and only then the column; a version later what nobody uses any more."""
    rule = "ALTER TABLE phr.person ADD CONSTRAINT a_there CHECK (a IS NOT NULL) NOT VALID;"
    validated = f"{rule} ALTER TABLE phr.person VALIDATE CONSTRAINT a_there;"
    change = "ALTER TABLE phr.person ALTER COLUMN a SET NOT NULL;"
    assert problems("0099_next", change, rule) != []
    assert problems("0099_next", change, validated) == []
    assert problems("0099_old_contract", "ALTER TABLE phr.person DROP COLUMN a;") == []


def test_statements_are_split_outside_of_texts_remarks_and_bodies():
    """A semicolon in a text ends nothing."""
    text = "SELECT 'a;b''c'; -- d;e\nCREATE FUNCTION f() AS $x$ one; two; $x$; SELECT 2"
    assert list(statements(text)) == ["SELECT 'x'", "CREATE FUNCTION f() AS 'x'", "SELECT 2"]


def test_a_step_is_tried_again_while_it_waits_for_locks():
    """Raw and wrapped errors of the driver alike; pauses grow and have an end."""
    slept, left = [], [psycopg.errors.LockNotAvailable(), psycopg.errors.DeadlockDetected()]
    left.append(OperationalError("x", {}, psycopg.errors.LockNotAvailable()))

    def step():
        if left:
            raise left.pop()

    patiently(step, slept.append)
    assert slept == [0.1, 0.2, 0.4]
    assert 200 < sum(pauses()) < 400


def test_another_error_is_not_tried_again_and_patience_ends():
    """What is wrong stays wrong; and who waits for ever tells nobody."""
    tried = []

    def wrong():
        tried.append(1)
        raise psycopg.errors.UndefinedTable

    def locked():
        raise psycopg.errors.LockNotAvailable

    with pytest.raises(psycopg.errors.UndefinedTable):
        patiently(wrong, lambda _s: None)
    assert tried == [1]
    with pytest.raises(Busy, match="run phr migrate again"):
        patiently(locked, lambda _s: None)


def test_a_turn_is_waited_for_outside_of_a_transaction(database_url):
    """Whoever waits inside the server is a transaction that CREATE INDEX CONCURRENTLY waits for."""
    states = []
    with psycopg.connect(database_url) as one, psycopg.connect(database_url) as two:
        one.execute("SELECT pg_advisory_lock(4711)")
        one.commit()

        def slept(_seconds):
            states.append(two.info.transaction_status)
            one.execute("SELECT pg_advisory_unlock(4711)")
            one.commit()

        take_turn(two, 4711, slept)
    assert states == [psycopg.pq.TransactionStatus.IDLE]
