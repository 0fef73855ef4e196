"""One's own extract proves itself against the published roots, and what a database administrator changed does not."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.bootstrap import start
from phr.domain.extract_verify import main, verify
from phr.domain.merkle import merkle_path, merkle_root
from tests.conftest import FixedClock, make_database, settings_at
from tests.phr.store.door import nurse


@pytest.fixture(scope="module")
def extract(server_url, worker_id):
    """The extract of a person among others, its roots, and a connection of the administrator to the same database."""
    url = make_database(server_url, f"phr_extract_{worker_id}")
    clock = FixedClock()
    system = start(settings_at(url), clock)
    system.migrate()
    person = uuid4()
    for number in range(5):
        for one in (person, uuid4()):
            with system.store.begin(nurse(one)) as uow:
                uow.audit.add("read", "Observation", one, categories="heart", count=number)
                uow.commit()
    clock.tick(timedelta(days=2))  # a day may have ended since the clock was set
    system.trail.seal(request="t")
    lines = [json.dumps(one) for one in system.trail.extract(person, actor="me", request="t")]
    yield lines, system.trail.roots(request="t"), system, person, url
    system.close()


def test_every_row_of_the_extract_is_under_the_published_root(extract):
    """Five looks, five proofs."""
    lines, roots, *_ = extract
    problems, rows, open_rows = verify(lines, roots)
    assert (problems, rows, open_rows) == ([], 5, 0)


def test_a_changed_a_planted_and_a_misdated_row_are_found(extract):
    """In the file itself: a field, a row made from nothing, a proof of another row."""
    lines, roots, *_ = extract
    one = json.loads(lines[0])
    changed = {**one, "line": one["line"].replace("nurse-1", "nobody")}
    from hashlib import sha256

    planted = {**changed, "hash": sha256(bytes.fromhex(one["prev"]) + changed["line"].encode()).hexdigest()}
    other = {**one, "path": json.loads(lines[1])["path"]}
    for wrong, text in ((changed, "is not what was written"), (planted, "root"), (other, "root")):
        problems, _, _ = verify([json.dumps(wrong)], roots)
        assert len(problems) == 1
        assert text in problems[0]
    assert verify(lines, [])[0] != [], "without the published root nothing is proved"


def test_what_the_administrator_changed_after_the_root_does_not_prove_itself(extract):
    """A row rewritten in the database: of the five it is the one that fails."""
    lines, roots, system, person, url = extract
    with psycopg.connect(url, autocommit=True) as dba:
        dba.execute(
            "UPDATE phr.audit_event SET actor = 'nobody' WHERE person_id = %s AND seq ="
            " (SELECT min(seq) FROM phr.audit_event WHERE person_id = %s)",
            (person, person),
        )
    kept = [json.loads(line) for line in lines]
    again = list(system.trail.extract(person, actor="me", request="t"))[:5]
    assert [one["hash"] for one in again] == [one["hash"] for one in kept]
    mixed = [
        json.dumps({**new, "day": old["day"], "path": old["path"]})
        for new, old in zip(again, kept, strict=True)
    ]
    assert verify(mixed, roots)[0] == ["row 1 is not what was written"]


def test_the_command_line_says_what_holds(extract, tmp_path, capsys):
    """0, 1 and 2."""
    lines, roots, *_ = extract
    file, published = tmp_path / "mine.ndjson", tmp_path / "roots.json"
    file.write_text("\n".join(lines))
    published.write_text(json.dumps(roots))
    assert main([str(file), str(published)]) == 0
    published.write_text("[]")
    assert main([str(file), str(published)]) == 1
    assert main([str(file)]) == 2
    published.write_text("{")
    assert main([str(file), str(published)]) == 2
    assert "every row holds" in capsys.readouterr().out


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=40), st.data())
def test_a_path_leads_from_every_leaf_to_the_root(leaves, data):
    """For any number of leaves."""
    from hashlib import sha256

    place = data.draw(st.integers(0, len(leaves) - 1))
    node = sha256(b"\x00" + leaves[place]).digest()
    for side, other in merkle_path(leaves, place):
        beside = bytes.fromhex(other)
        node = sha256(b"\x01" + (beside + node if side == "left" else node + beside)).digest()
    assert node == merkle_root(leaves)
