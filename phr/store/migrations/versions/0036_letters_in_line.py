"""Letters in line: those of a kind that wait are found oldest first, however many were delivered before them."""

from __future__ import annotations

from phr.store.migrations.script import build_index, drop_index

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    build_index("outbox_line", "phr.outbox (kind, created_at, next_at, lost) WHERE state = 'waiting'")


def downgrade() -> None:
    drop_index("outbox_line")
