"""Unusual access, break-glass and what reviewers made of it."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0017_context", as_owner=False)
    run_file("0017_trail")


def downgrade() -> None:
    run_file("0017_trail_down")
    run_file("0017_context_down", as_owner=False)
