"""The offline verifier: what was changed, removed, swapped or cut off is found, with the standard library alone."""

from __future__ import annotations

import ast
import contextlib
import json
import sys
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain import audit_verify
from phr.domain.audit_verify import main, root_of, verify
from phr.domain.merkle import merkle_root

FIRST = datetime(2026, 6, 1, 14, 59, 59, tzinfo=UTC)  # a second before midnight in Tokyo


def a_trail(*, rows: int = 6, chains: int = 2):
    """An export as the service writes it, and the roots of its days."""
    export, days = [], {}
    for chain in range(chains):
        prev = sha256(f"phr-audit-chain-{chain}".encode()).digest()
        for seq in range(1, rows + 1):
            at = FIRST + timedelta(seconds=seq - 1)
            micros = int(at.timestamp() * 1_000_000)
            line = "\x1f".join(map(str, (chain, seq, micros, "r", "nurse", "n-1", "Organization/c", "guidance",
                                         "p", "read", "Observation", "heart", 3, "ok", "")))  # fmt: skip
            digest = sha256(prev + line.encode()).digest()
            export.append({"line": line, "prev": prev.hex(), "hash": digest.hex()})
            day = (at + timedelta(hours=9)).date().isoformat()
            days.setdefault(day, []).append(digest)
            prev = digest
        export.append({"chain": chain, "seq": rows, "head": prev.hex()})
    roots = [
        {"day": day, "zone": "Asia/Tokyo", "root": merkle_root(leaves).hex(), "rows": len(leaves)}
        for day, leaves in sorted(days.items())
    ]
    return export, roots


def problems(export, roots=()):
    return verify([json.dumps(one) for one in export], list(roots)).problems


def test_an_untouched_trail_holds():
    """No false alarm, and days are those of the city."""
    export, roots = a_trail()
    assert [root["day"] for root in roots] == ["2026-06-01", "2026-06-02"]
    assert problems(export, roots) == []


def test_a_changed_field_names_chain_row_and_day():
    """Any change of a row changes its hash."""
    export, roots = a_trail()
    export[1]["line"] = export[1]["line"].replace("n-1", "n-2")
    assert problems(export, roots) == ["2026-06-02: chain 0 row 2 is not what was written"]


def test_a_changed_row_with_a_hash_made_to_fit_breaks_the_next():
    """The chain holds each row by the next one."""
    export, _roots = a_trail()
    export[1]["line"] = export[1]["line"].replace("n-1", "n-2")
    prev = bytes.fromhex(export[1]["prev"])
    export[1]["hash"] = sha256(prev + export[1]["line"].encode()).hexdigest()
    assert problems(export) == ["2026-06-02: chain 0 row 3 is not what was written"]


def test_a_removed_row_is_a_jump():
    """A hole in the numbers."""
    export, _roots = a_trail()
    del export[2]
    assert "2026-06-02: chain 0 jumps from row 2 to row 4" in problems(export)


def test_swapped_rows_are_found():
    """The order is part of the chain."""
    export, _roots = a_trail()
    export[1], export[2] = export[2], export[1]
    assert len(problems(export)) >= 2


def test_a_cut_tail_is_found_by_the_head():
    """The head says how far the chain goes."""
    export, _roots = a_trail()
    del export[5]
    assert problems(export) == ["chain 0 ends at row 5, not at row 6"]


def test_a_cut_tail_with_a_head_made_to_fit_is_found_by_the_root_only():
    """Why a root is published where the service cannot change it."""
    export, roots = a_trail()
    del export[5]
    export[5] = {"chain": 0, "seq": 5, "head": export[4]["hash"]}
    assert problems(export) == []
    assert problems(export, roots) == ["2026-06-02: the rows of this day are not those of its root"]


def test_a_chain_without_its_end_is_found():
    """A file that stops in the middle is not a whole trail."""
    export, _roots = a_trail()
    assert problems(export[:-1]) == ["chain 1 has no end"]


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=40))
def test_the_root_is_that_of_the_service(leaves):
    """Two implementations of RFC 6962 agree."""
    assert root_of(leaves) == merkle_root(leaves).hex()


@given(st.data())
def test_any_single_change_of_a_character_is_found(data):
    """Random tampering with one character of one row."""
    export, roots = a_trail(rows=4)
    rows = [one for one in export if "line" in one]
    row = data.draw(st.sampled_from(rows))
    part = data.draw(st.sampled_from(["line", "prev", "hash"]))
    at = data.draw(st.integers(0, len(row[part]) - 1))
    sign = data.draw(st.sampled_from("0123456789abcdef"))
    changed = row[part][:at] + sign + row[part][at + 1 :]
    if changed == row[part]:
        return
    row[part] = changed
    with contextlib.suppress(
        ValueError, OverflowError
    ):  # no export any more: the command line answers with 2
        assert problems(export, roots) != []


@pytest.fixture
def files(tmp_path):
    export, roots = a_trail()
    trail, published = tmp_path / "trail.ndjson", tmp_path / "roots.json"

    def write(lines=export):
        trail.write_text("".join(json.dumps(one) + "\n" for one in lines))
        published.write_text(json.dumps(roots))
        return [str(trail), str(published)]

    return write


def test_the_command_says_that_the_trail_holds(files, capsys):
    """Exit 0."""
    assert main(files()) == 0
    assert capsys.readouterr().out == "12 rows, 2 days, 2 roots: the trail holds\n"


def test_the_command_names_what_is_wrong(files, capsys):
    """Exit 1."""
    export, _roots = a_trail()
    del export[0]
    assert main(files(export)) == 1
    assert "chain 0 jumps from row 0 to row 2" in capsys.readouterr().out


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"line": 3}', '{"line": "x", "prev": "", "hash": ""}', "\xff", '"x"']
)
def test_what_is_no_export_is_one_sentence_and_exit_2(tmp_path, capsys, content):
    """An empty file is an empty trail; anything else that is no export is said to be none."""
    path = tmp_path / "x.ndjson"
    path.write_bytes(content.encode("latin-1"))
    assert main([str(path)]) == (2 if content else 0)
    assert capsys.readouterr().err.count("\n") == (1 if content else 0)


def test_wrong_usage_is_exit_2(capsys):
    """No file, or too many."""
    assert main([]) == main(["a", "b", "c"]) == 2
    assert "usage" in capsys.readouterr().err


def test_the_verifier_needs_nothing_but_python():
    """Somebody who does not trust the service can read and run it alone."""
    tree = ast.parse(Path(audit_verify.__file__).read_text())
    names = {node.module.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    names |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert names <= sys.stdlib_module_names


def test_a_blank_line_at_the_end_is_no_row():
    """Editors leave one."""
    export, roots = a_trail()
    lines = [json.dumps(one) for one in export]
    assert verify([*lines, "", " \n"], roots).problems == []
