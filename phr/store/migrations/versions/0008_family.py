"""Guardians and children, and the tooth-brushing days."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0008_family")


def downgrade() -> None:
    run_file("0008_family_down")
