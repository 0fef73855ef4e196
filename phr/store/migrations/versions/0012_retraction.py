"""What rests on data that are no longer shared is taken back in the transaction that withdraws."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0012_retraction")


def downgrade() -> None:
    run_file("0012_retraction_down")
