"""Pages: the work list reads its first cases in the order in which it shows them."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0027_pages")


def downgrade() -> None:
    run_file("0027_pages_down")
