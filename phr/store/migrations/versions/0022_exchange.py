"""Points: exchange of points, gifts, teams and challenges."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0022_exchange")


def downgrade() -> None:
    run_file("0022_exchange_down")
