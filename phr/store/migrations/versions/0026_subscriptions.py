"""Subscriptions: what was asked for, what happened, what was told."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0026_subscriptions")


def downgrade() -> None:
    run_file("0026_subscriptions_down")
