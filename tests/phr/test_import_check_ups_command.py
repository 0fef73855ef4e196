"""``phr import`` of check-ups: what was judged otherwise is in the last line, and the wrong person's file ends with one."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from click.testing import CliRunner

from phr.cli import main
from phr.commands import shared
from tests.ingest.checkup_files import INTENSIVE, File, xml
from tests.phr.services.scenes import a_person

pytestmark = pytest.mark.db


@pytest.fixture
def run(system, monkeypatch):
    """Runs ``phr import`` in this process."""
    monkeypatch.setattr(shared, "start", lambda: system)
    return lambda *words: CliRunner().invoke(main, ["import", *map(str, words)])


def laid(tmp_path, file):
    (tmp_path / "h.xml").write_text(xml(file), "utf-8")
    return tmp_path / "h.xml"


def test_an_import_says_how_many_judgements_differ(system, run, tmp_path):
    """Delivered as information and reserve; here intensive and present: two."""
    _, patient = a_person(system)
    path = laid(tmp_path, File(values={**INTENSIVE, "guidance_level": "3", "metabo": "2"}))
    done = json.loads(run("checkup-xml", path, "--resident", patient, "--json").stdout)
    assert (done["stored"], done["judged_otherwise"]) == (1, 2)
    assert "judged_otherwise 2" in run("checkup-xml", path, "--resident", patient).stdout


def test_a_file_of_somebody_else_ends_with_one_line_and_exit_1(system, run, tmp_path):
    """The line names what differs and no value."""
    _, patient = a_person(system, born="1970-05-06")
    found = run("checkup-xml", laid(tmp_path, File()), "--resident", patient)
    assert (found.exit_code, found.stdout) == (1, "")
    (line,) = found.stderr.strip().splitlines()
    assert "another person: birth_date differs; nothing was stored" in line
    assert "1970" not in line


def test_a_table_of_which_every_row_is_refused_still_ends_with_its_counts(system, run, tmp_path):
    """A number that belongs to somebody else in the register costs its row; there is a summary all the same."""
    taken = f"a{uuid4().hex[:10]}"
    resource = {"resourceType": "Patient", "id": taken, "birthDate": "1950-01-01"}
    system.register.put(resource, actor="test", role="system", request="test")
    path = tmp_path / "c.csv"
    path.write_text(
        f"atena_no,birth_date,checkup_date,weight_kg\n{taken},1970-05-05,2026-06-10,61.5\n", "utf-8"
    )
    done = json.loads(run("checkup-csv", path, "--json").stdout)
    assert (done["stored"], done["rejected_by_reason"], done["judged_otherwise"]) == (
        0,
        {"another-person": 1},
        0,
    )


@pytest.mark.parametrize("encoding", ["cp932", "utf-8-sig"])
def test_a_broken_table_ends_with_one_line_that_names_its_place(run, tmp_path, encoding):
    """Signs of Windows and the mark of UTF-8 are read; a quote that never ends is told by its line."""
    path = tmp_path / "c.csv"
    path.write_bytes(
        'atena_no,checkup_date,name_kana\n1,2026-06-10,﨑①㈱\n2,2026-06-10,"髙\n'.encode(encoding)
    )
    found = run("checkup-csv", path)
    assert found.exit_code == 1
    (line,) = found.stderr.strip().splitlines()
    assert "c.csv: line 3" in line
