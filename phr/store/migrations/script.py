"""Runs the SQL files that stand beside the migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import op

_FOLDER = Path(__file__).parent / "sql"


def run_file(name: str, *, as_owner: bool = True) -> None:
    """Runs one file of statements as phr_owner, or as the migrating role where ownership must change."""
    driver: Any = op.get_bind().connection.driver_connection
    if not as_owner:
        driver.execute("RESET ROLE")
    driver.execute((_FOLDER / f"{name}.sql").read_text())
    driver.execute("SET ROLE phr_owner")
