"""Points: what the ledger was found to hold, day by day."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0021_reconciling")


def downgrade() -> None:
    run_file("0021_reconciling_down")
