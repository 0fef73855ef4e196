"""What those who run the service keep: figures of days, and changes of accounts that two people decide."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0019_operating")


def downgrade() -> None:
    run_file("0019_operating_down")
