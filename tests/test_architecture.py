"""The shape of the code: directions, sizes, names, and that SQL is spoken in one place."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("phr", "ingest", "consent", "risk", "synthetic_data")
SQL_CALLS = {"execute", "executemany", "exec", "exec_driver_sql"}
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
MAX_FILE = 400
MAX_FUNCTION = 60


def files(*folders):
    found = [
        path for name in folders for path in (ROOT / name).rglob("*.py") if "node_modules" not in path.parts
    ]
    assert found
    return sorted(found)


@cache
def tree(path):
    return ast.parse(path.read_text("utf-8"))


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def sql_calls(code):
    """Lines on which something is told to execute."""
    return [
        node.lineno
        for node in ast.walk(code)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SQL_CALLS
    ]


def long_functions(code):
    """Functions of more lines than one can hold in mind."""
    return [
        node.name
        for node in ast.walk(code)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > MAX_FUNCTION
    ]


def test_imports_go_one_way():
    """The contracts of pyproject.toml hold; the number in a contract's name is the decision that it follows."""
    tool = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([tool], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


NOT_OURS = {
    "ingest/files/health_connect_db.py",  # reads the SQLite file that a telephone exported
    "ingest/gateway/spool.py",  # the box's own spool, which has no server
}
"""SQL that never reaches the service's database."""


def test_sql_is_spoken_only_in_the_store():
    """A connection that is passed as a value is seen by no import contract, so the calls themselves are looked for."""
    outside = [
        path
        for path in files(*PACKAGES)
        if ROOT / "phr" / "store" not in path.parents and path.relative_to(ROOT).as_posix() not in NOT_OURS
    ]
    assert [f"{name_of(path)}:{line}" for path in outside for line in sql_calls(tree(path))] == []


def test_the_rule_about_sql_sees_a_statement():
    """The rule above can fail."""
    assert sql_calls(ast.parse("connection.execute('SELECT 1')\nsession.exec(query)\nexecute(job)")) == [1, 2]


@pytest.mark.parametrize("path", files(*PACKAGES, "docs", "tests"), ids=name_of)
def test_no_file_is_longer_than_four_hundred_lines(path):
    """A file can be read in one sitting; data is not code and is not counted."""
    assert len(path.read_text("utf-8").splitlines()) <= MAX_FILE


@pytest.mark.parametrize("path", files(*PACKAGES, "docs"), ids=name_of)
def test_no_function_is_longer_than_sixty_lines(path):
    """A function can be seen at once."""
    assert long_functions(tree(path)) == []


def test_the_rule_about_functions_sees_a_long_one():
    """The rule above can fail."""
    body = "\n".join("    x = 1" for _ in range(MAX_FUNCTION))
    assert long_functions(ast.parse(f"def long():\n{body}\n\ndef short():\n    pass\n")) == ["long"]


@pytest.mark.parametrize("path", files(*PACKAGES, "docs"), ids=name_of)
def test_every_module_opens_with_one_sentence_about_its_purpose(path):
    """The first lines of the files are the reference of the modules."""
    said = ast.get_docstring(tree(path)) or ""
    first = said.partition("\n\n")[0]
    assert first
    assert first[0].isupper() or first[0] in "`*"
    assert first.rstrip("`").endswith((".", "`.", ":", ")"))


def test_no_module_has_an_empty_name():
    """A module is named for what it holds."""
    assert [name_of(path) for path in files(*PACKAGES, "tests") if path.stem in EMPTY_NAMES] == []


def test_no_top_level_package_is_called_fhir():
    """fhir.resources owns that name."""
    assert not (ROOT / "fhir").exists()


def test_nothing_deserialises_code():
    """No pickle and no eval: data from outside never becomes a program."""
    found = []
    for path in files(*PACKAGES):
        for node in ast.walk(tree(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                names = [node.func.id] if node.func.id in ("eval", "exec") else []
            found += [
                f"{name_of(path)}: {name}"
                for name in names
                if name in ("pickle", "marshal", "shelve", "eval", "exec")
            ]
    assert found == []
