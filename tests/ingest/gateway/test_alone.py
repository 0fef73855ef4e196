"""The box installs without the server: what it imports, what its distribution names, and what the unit allows."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import sys
import tomllib
from importlib import resources
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MINE = tomllib.loads((ROOT / "ingest/pyproject.toml").read_text("utf-8"))["project"]
WHOLE = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
SERVER = (
    "fastapi",
    "starlette",
    "uvicorn",
    "sqlalchemy",
    "sqlmodel",
    "psycopg",
    "celery",
    "pandas",
    "phr",
    "consent",
    "risk",
)
WITHOUT_IMPORT = {"tzdata"}  # the zones, where the machine has none


def name_of(requirement):
    return re.match(r"[\w.-]+", requirement)[0].lower()


def imported():
    """Top-level packages that any module of ``ingest`` imports."""
    found = set()
    for path in (ROOT / "ingest").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                found.add((node.module or "").partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"ingest"}


def test_the_box_imports_nothing_of_the_server():
    """An import of it would fail here, and on the box."""
    program = f"""
import sys
class No:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {SERVER!r}:
            raise ImportError("the server is not here: " + name)
sys.meta_path.insert(0, No())
import ingest.gateway.command
from ingest.gateway.command import main
try:
    main(["--help"])
except SystemExit as ended:
    sys.exit(ended.code)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "enrol" in done.stdout


def test_the_distribution_names_what_is_imported_and_no_more():
    """With the same lowest versions as the whole."""
    assert {name_of(one) for one in MINE["dependencies"]} - WITHOUT_IMPORT == imported()
    whole = {one.partition(";")[0].strip() for one in WHOLE["dependencies"]}
    assert set(MINE["dependencies"]) <= whole
    assert MINE["version"] == WHOLE["version"]
    assert MINE["scripts"] == {"phr-gateway": "ingest.gateway.command:main"}


def test_the_unit_is_shipped_and_hardened():
    """Systemd reads the same keys."""
    text = resources.files("ingest.gateway").joinpath("phr-gateway.service").read_text("utf-8")
    unit = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    unit.optionxform = str
    unit.read_string(text)
    service = unit["Service"]
    wanted = {"ProtectSystem": "strict", "NoNewPrivileges": "yes", "User": "phr-gateway", "Restart": "always"}
    assert wanted.items() <= dict(service).items()
    assert service["ExecStart"].split()[1:3] == ["run", "--settings"]
    assert "LoadCredential" in service
