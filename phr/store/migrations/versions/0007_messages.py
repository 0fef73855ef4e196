"""Ways to reach people, what they asked for, and letters."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0007_messages")


def downgrade() -> None:
    run_file("0007_messages_down")
