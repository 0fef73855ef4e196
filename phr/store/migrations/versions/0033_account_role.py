"""Accounts by role: the few who work for the city are found among the accounts of all its residents."""

from __future__ import annotations

from phr.store.migrations.script import build_index, drop_index

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    build_index("account_role", "phr.account (role, subject)")


def downgrade() -> None:
    drop_index("account_role")
