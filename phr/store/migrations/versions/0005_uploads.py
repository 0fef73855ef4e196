"""Files that residents send, and what became of them."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0005_uploads")


def downgrade() -> None:
    run_file("0005_uploads_down")
