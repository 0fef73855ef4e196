"""The schema on a cluster: where each table stands, the second form of the policies, the plan, and what speaks against it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from click.testing import CliRunner

from phr.bootstrap import System, start
from phr.cli import main
from phr.commands import shared
from phr.domain.access import Access, resident
from phr.errors import Refused, Unsafe
from phr.store.bulk_reads import BEGINNING
from phr.store.distribute import distribute, plan
from phr.store.nearness import second_form, views_here
from phr.store.placing import COLUMN, Placing, placing
from tests.build import CITY, agree, heart_rates
from tests.conftest import make_database, settings_at
from tests.phr.services.scenes import a_person
from tests.phr.store.door import enter, fill, personal_tables
from tests.phr.store.test_gate_is_rule import test_the_database_shows_what_the_rule_permits as the_rule

UNIVERSITY = "Organization/university"
TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'phr'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1"


@pytest.fixture(scope="module")
def first(server_url: str, worker_id: str) -> tuple[str, list[str]]:
    """A database of the migrations whose policies have the second form, and the statements that put the first one back."""
    url = make_database(server_url, f"phr_near_{worker_id}")
    made = start(settings_at(url))
    made.migrate()
    made.close()
    with psycopg.connect(url) as connection:
        connection.execute("SET search_path = pg_catalog")
        rows = connection.execute(
            "SELECT tablename, policyname, qual, with_check FROM pg_policies WHERE tablename = ANY (%s)",
            ([*placing().distributed, *placing().reference],),
        ).fetchall()
        for statement in (*second_form(connection, placing()), *views_here(placing())):
            connection.execute(statement)
    back = []
    for table, name, using, check in rows:
        parts = [f"{word} ({text})" for word, text in (("USING", using), ("WITH CHECK", check)) if text]
        back.append(f'ALTER POLICY "{name}" ON phr.{table} {" ".join(parts)}')
    return url, back


@pytest.fixture(scope="module")
def near_url(first: tuple[str, list[str]]) -> str:
    return first[0]


@pytest.fixture(scope="module")
def near(near_url: str) -> Iterator[System]:
    made = start(settings_at(near_url))
    yield made
    made.close()


@pytest.fixture
def near_admin(near_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(near_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def near_app(near: System) -> Iterator[psycopg.Connection]:
    connection = near.database.app()
    yield connection
    connection.close()


def test_every_table_has_a_place_and_no_place_is_left_over(database_url: str, admin: psycopg.Connection):
    """Whoever adds a table decides where it stands."""
    assert sorted(row[0] for row in admin.execute(TABLES).fetchall()) == placing().named()


def test_every_person_s_table_is_cut_by_person_or_says_why_not(database_url: str, admin: psycopg.Connection):
    """What is cut has the column; what has the column and is not cut has its reason, which the catalogue demands."""
    assert set(placing().distributed) <= set(personal_tables(admin))


def test_unique_and_foreign_keys_of_a_cut_table_hold_the_person(database_url: str, admin: psycopg.Connection):
    """Citus' own rule: what two nodes hold cannot be promised to be unique, nor to be there."""
    names = [f"phr.{name}" for name in placing().distributed]
    unique = admin.execute(
        "SELECT i.indexrelid::regclass::text FROM pg_index i WHERE i.indisunique AND i.indrelid = ANY (%s::regclass[])"
        " AND NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])"
        " AND a.attname = %s)",
        (names, COLUMN),
    ).fetchall()
    assert {row[0].removeprefix("phr.") for row in unique} == set(placing().loosened)
    keys = admin.execute(
        "SELECT conname FROM pg_constraint WHERE contype = 'f'"
        " AND (conrelid = ANY (%s::regclass[]) OR confrelid = ANY (%s::regclass[]))",
        (names, names),
    ).fetchall()
    assert keys == []


def test_a_cut_table_has_no_triggers_and_a_key_that_begins_with_the_person(
    database_url: str, admin: psycopg.Connection
):
    """Triggers do not run on pieces; and everything of one person lies together."""
    names = [f"phr.{name}" for name in placing().distributed]
    triggers = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = ANY (%s::regclass[])"
    assert admin.execute(triggers, (names,)).fetchall() == []
    keyless = (
        "SELECT t::text FROM unnest(%s::regclass[]) AS t WHERE NOT EXISTS (SELECT 1 FROM pg_index i"
        " WHERE i.indrelid = t AND i.indisprimary)"
    )
    assert admin.execute(keyless, (names,)).fetchall() == []


def test_a_table_that_is_named_twice_or_without_a_reason_is_refused(monkeypatch: pytest.MonkeyPatch):
    """The catalogue is read with care."""

    class Text:
        def __init__(self, text: str) -> None:
            self.text = text

        def joinpath(self, _name: str) -> Text:
            return self

        def read_text(self) -> str:
            return self.text

    for text in (
        'distributed = ["a"]\n[reference]\na = "b"\n[local]\n[loosened]\n',
        'distributed = []\n[reference]\na = ""\n[local]\n[loosened]\n',
    ):
        placing.cache_clear()
        monkeypatch.setattr("phr.store.placing.resources.files", lambda _package, text=text: Text(text))
        with pytest.raises(Unsafe, match=r"placing.toml: a "):
            placing()
    monkeypatch.undo()
    placing.cache_clear()
    assert placing().distributed


def test_no_policy_of_a_spread_table_holds_a_subquery_in_the_second_form(near_admin: psycopg.Connection):
    """What Citus refuses, and what it would refuse in a function: a table of which no copy is on the node."""
    spread = [*placing().distributed, *placing().reference]
    texts = near_admin.execute(
        "SELECT coalesce(qual, '') || coalesce(with_check, '') FROM pg_policies WHERE tablename = ANY (%s)",
        (spread,),
    ).fetchall()
    assert len(texts) > 300
    assert not [text for (text,) in texts if "SELECT" in text]
    bodies = near_admin.execute(
        "SELECT prosrc FROM pg_proc WHERE pronamespace = 'phr_near'::regnamespace"
    ).fetchall()
    assert len(bodies) > 300
    asked = {
        name
        for (body,) in bodies
        for name in re.findall(r"(?:FROM|JOIN)\s+\(*([a-z_]+\.[a-z_]+)\b(?!\()", body)
    }
    assert asked
    assert all(name.startswith("phr_near.") for name in asked), asked


@pytest.mark.slow
def test_the_second_form_shows_what_the_rule_permits(
    near: System, near_app: psycopg.Connection, near_admin: psycopg.Connection
):
    """The same property as for the first form: random consents, rows and callers. So the two forms agree."""
    the_rule(near, near_app, near_admin, 2)


def contexts(people: list[tuple[UUID, str]]) -> list[Access]:
    """Who may come: everybody's roles and purposes, about nobody and about each person."""
    found = []
    for person, patient in people:
        found.append(resident(person, patient, "t"))
        found += [
            Access(role, "a", recipient, purpose, "t", about)
            for role, recipient, purpose in (
                ("nurse", CITY, "guidance"), ("system", CITY, "collect"), ("system", CITY, "risk"),
                ("system", CITY, "points"), ("resident", f"Patient/{patient}", "family"),
                ("researcher", UNIVERSITY, "research-deidentified"), ("researcher", UNIVERSITY, "research-identifiable"),
                ("system", CITY, "insurer"), ("system", CITY, "register"), ("system", CITY, "consent"),
                ("system", CITY, "deliver"), ("operator", CITY, "audit"), ("operator", CITY, "operate"),
                ("system", CITY, "session"), ("system", CITY, "erase"),
            )
            for about in (person, None)
        ]  # fmt: skip
    return found


def seen(
    system: System, connection: psycopg.Connection, people: list[UUID], access: Access
) -> dict[str, Any]:
    """How many rows of these people each spread table shows to a context."""
    found = {}
    for name in sorted({*placing().distributed, *placing().reference}):
        enter(system, connection, access)
        try:
            query = f"SELECT count(*) FROM phr.{name} WHERE {COLUMN} = ANY (%s)"
            found[name] = connection.execute(query, (people,)).fetchone()
        except psycopg.errors.UndefinedColumn:
            found[name] = None
        except psycopg.errors.InsufficientPrivilege:
            found[name] = "no"
        connection.rollback()
    return found


@pytest.mark.parametrize("every", [12, pytest.param(1, marks=pytest.mark.slow)])
def test_the_two_forms_show_the_same_rows_of_every_table_to_every_context(
    near: System,
    near_app: psycopg.Connection,
    near_admin: psycopg.Connection,
    first: tuple[str, list[str]],
    every: int,
):
    """Policy for policy: the same rows, asked in one form and in the other."""
    agreed, patient = a_person(near)
    also = ("research-deidentified", "research-identifiable")
    agree(near, agreed, patient, purposes=also, recipients=(UNIVERSITY,))
    people = [(uuid4(), f"p-{uuid4().hex[:8]}") for _ in range(2)]
    both = [person for person, _ in people]
    for person in both:
        fill(near_admin, person)
    columns = "consent_id, version, line, depth, effect, recipient, purpose, category, data_from, data_to, valid_from, valid_to, path"
    near_admin.execute(
        f"INSERT INTO phr.consent_grant (person_id, {columns}) SELECT %s, {columns} FROM phr.consent_grant"
        " WHERE person_id = %s",
        (both[0], agreed),
    )
    allowed = contexts(people)[::every]
    second = [seen(near, near_app, both, access) for access in allowed]
    for statement in first[1]:
        near_admin.execute(statement)
    try:
        plain = [seen(near, near_app, both, access) for access in allowed]
    finally:
        with near_admin.transaction():
            for statement in second_form(near_admin, placing()):
                near_admin.execute(statement)
    for access, here, there in zip(allowed, second, plain, strict=True):
        assert here == there, (access.role, access.purpose)
    told = [count for one in second for count in one.values() if isinstance(count, tuple)]
    assert sum(1 for (count,) in told if count) > 200 // every, "hardly anything is visible to anybody"
    assert sum(1 for (count,) in told if not count) > 1000 // every


def test_rows_are_written_under_the_second_form_and_refused_without_consent(near: System):
    """Checks of what is written have two forms as well."""
    beats = [heart_rates(datetime(2026, 11, 1, tzinfo=UTC), [60.0, 61.0])]
    agreed, _ = a_person(near)
    assert near.receive(agreed, beats, request="t")
    other, _ = a_person(near, agreed=False)
    near.receive(other, beats, request="t")
    access = Access("nurse", "a", CITY, "guidance", "t", None)
    with near.store.begin(access) as uow:
        rows = uow.bulk.reads.chunks([agreed, other], BEGINNING, None, 100, 100)
        uow.commit()
    assert {row.person_id for row in rows} == {agreed}


def test_a_policy_that_asks_what_is_not_on_the_node_is_refused(database_url: str, admin: psycopg.Connection):
    """Whoever writes a migration that cannot be spread hears so from this test's neighbours, and which policy it is."""
    less = placing()
    fewer = {name: why for name, why in less.reference.items() if name != "nurse_duty"}
    with pytest.raises(Unsafe, match="asks nurse_duty, of which there is no copy"):
        second_form(admin, Placing(less.distributed, fewer, less.local, less.loosened))


def test_a_plan_names_every_step_and_changes_nothing(database_url: str, admin: psycopg.Connection):
    """It is made on a plain server too, so that it can be read before there is a cluster."""
    before = admin.execute(
        "SELECT count(*), md5(string_agg(qual, ',' ORDER BY tablename, policyname)) FROM pg_policies"
    )
    known = before.fetchone()
    with psycopg.connect(database_url) as connection:
        found = plan(connection)
    text = found.text()
    for name in placing().distributed:
        assert text.count(f"create_distributed_table('phr.{name}', 'person_id'") == 1
    for name in placing().reference:
        assert text.count(f"create_reference_table('phr.{name}')") == 1
    assert "create_reference_table('phr_private.seal_key')" in text
    assert not [name for name in placing().local if f"table('phr.{name}'" in text]
    assert (
        text.index("create_reference_table")
        < text.index("run_command_on_all_nodes")
        < text.index("create_distributed")
    )
    assert "DROP INDEX phr.resource_type_id" in text
    again = admin.execute(
        "SELECT count(*), md5(string_agg(qual, ',' ORDER BY tablename, policyname)) FROM pg_policies"
    )
    assert again.fetchone() == known


def test_what_a_plain_server_can_run_of_a_plan_runs(database_url: str):
    """Everything but the calls of Citus, in a transaction that nobody keeps; the views stand over the tables themselves."""
    with psycopg.connect(database_url) as connection:
        found = plan(connection)
        run = [one for one in (*found.copies, *found.cuts) if not one.startswith("SELECT create_")]
        for statement in run:
            connection.execute(statement)
        for statement in views_here(placing()):
            connection.execute(statement)
        assert second_form(connection, placing())[3:] == []
        connection.rollback()
    assert len(run) > 900


def test_without_the_extension_it_says_what_to_install(system: System):
    """One clear sentence."""
    with pytest.raises(Refused, match="this database has no Citus: install Citus 13 or newer on every node"):
        distribute(system.database, sure=True)


def test_the_command_prints_the_plan_and_says_in_one_sentence_what_is_missing(
    system: System, monkeypatch: pytest.MonkeyPatch
):
    """An operator reads the statements first; without a cluster nothing else happens."""
    monkeypatch.setattr(shared, "start", lambda: system)
    said = CliRunner().invoke(main, ["migrate", "--distribute", "--plan"])
    assert said.exit_code == 0
    assert said.output.startswith("-- policies and copies\nBEGIN;\n")
    refused = CliRunner().invoke(main, ["migrate", "--distribute", "--yes"])
    assert refused.exit_code != 0
    assert "this database has no Citus" in refused.output
    assert "Traceback" not in refused.output
    assert CliRunner().invoke(main, ["migrate", "--plan"]).exit_code == 2


needs_cluster = pytest.mark.skipif(
    not os.environ.get("PHR_TEST_CITUS_URL"), reason="PHR_TEST_CITUS_URL names no Citus cluster"
)


@pytest.mark.slow
@needs_cluster
def test_a_cluster_is_spread_once_keeps_every_row_and_the_door(worker_id: str):
    """Permitted, denied, forged and withdrawn, on a cluster; a second time changes nothing."""
    url = os.environ["PHR_TEST_CITUS_URL"]
    made = start(settings_at(url))
    made.migrate()
    person, patient = a_person(made)
    stranger = uuid4()
    with made.database.admin() as connection:
        connection.autocommit = True
        fill(connection, stranger)
    if plan_of(made).moved:
        with pytest.raises(Refused, match="say --yes"):
            distribute(made.database, sure=False)
    distribute(made.database, sure=True)
    assert distribute(made.database, sure=False).moved == ()
    consent = agree(made, person, patient)
    test_rows_are_written_under_the_second_form_and_refused_without_consent(made)
    made.consents.withdraw(person, consent, actor=patient, role="resident", request="t")
    test_rows_are_written_under_the_second_form_and_refused_without_consent(made)
    made.close()


def plan_of(system: System) -> Any:
    with system.database.admin() as connection:
        return plan(connection)
