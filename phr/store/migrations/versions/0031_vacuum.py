"""Vacuum: tables that grow for ten years are cleaned after a fiftieth of their rows, not after a fifth."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0031_vacuum")


def downgrade() -> None:
    run_file("0031_vacuum_down")
