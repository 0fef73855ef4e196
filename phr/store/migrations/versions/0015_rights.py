"""What a person may demand of their record: copies, corrections, stops, erasure; and leaks that must be reported."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0015_context", as_owner=False)
    run_file("0015_rights")


def downgrade() -> None:
    run_file("0015_rights_down")
    run_file("0015_context_down", as_owner=False)
