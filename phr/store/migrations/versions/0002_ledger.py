"""The embedded points ledger: double entry that the database itself keeps balanced."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0002_ledger")


def downgrade() -> None:
    run_file("0002_ledger_down", as_owner=False)
