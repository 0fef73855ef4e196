"""Acting for somebody else, and devices that several people share."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0013_acting")


def downgrade() -> None:
    run_file("0013_acting_down")
