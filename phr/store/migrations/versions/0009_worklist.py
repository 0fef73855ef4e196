"""Capacity of nurses, escalations, and saved transfers."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0009_worklist")


def downgrade() -> None:
    run_file("0009_worklist_down")
