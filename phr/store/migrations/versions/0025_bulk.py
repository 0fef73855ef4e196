"""Bulk data: jobs, files, groups."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0025_bulk")


def downgrade() -> None:
    run_file("0025_bulk_down")
