"""Releases compared with earlier ones, tombstones, and open statistics."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0016_exports")


def downgrade() -> None:
    run_file("0016_exports_down")
