"""Points: what fraud signals were found about points, what a person decided, and what the resident answered."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0020_points")


def downgrade() -> None:
    run_file("0020_points_down")
