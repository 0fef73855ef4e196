"""Urgent letters: those of alarms are found at once, however many others wait."""

from __future__ import annotations

from phr.store.migrations.script import build_index, drop_index, run_file

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0032_urgent_letters")
    build_index("outbox_urgent", "phr.outbox (created_at) WHERE state = 'waiting' AND urgent")


def downgrade() -> None:
    drop_index("outbox_urgent")
    run_file("0032_urgent_letters_down")
