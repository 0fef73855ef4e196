"""The tables, the sealed context, the audit chain and the door."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("0001_core", "0001_audit", "0001_policies", "0001_owners"):
        run_file(name)


def downgrade() -> None:
    run_file("0001_down", as_owner=False)
