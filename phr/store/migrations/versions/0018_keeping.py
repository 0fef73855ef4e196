"""Backups and drills."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0018_keeping")


def downgrade() -> None:
    run_file("0018_keeping_down")
