"""Keeping the log: base backups are noted like the others."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0028_keeping_log")


def downgrade() -> None:
    run_file("0028_keeping_log_down")
