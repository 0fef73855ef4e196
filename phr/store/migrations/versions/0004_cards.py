"""Cards that residents show to a shared gateway box."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0004_cards")


def downgrade() -> None:
    run_file("0004_cards_down")
