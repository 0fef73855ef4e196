"""Connections to a person's data cloud, with tokens that only the work on them reaches."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0003_context", as_owner=False)
    run_file("0003_connections")


def downgrade() -> None:
    run_file("0003_connections_down")
    run_file("0003_context_down", as_owner=False)
