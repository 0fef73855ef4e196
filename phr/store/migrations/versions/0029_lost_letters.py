"""Lost letters: how often in a row a worker was lost while it delivered one."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0029_lost_letters")


def downgrade() -> None:
    run_file("0029_lost_letters_down")
