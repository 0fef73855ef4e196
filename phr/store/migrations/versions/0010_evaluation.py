"""Programmes: cohorts, devices that are lent, and reports."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0010_evaluation")


def downgrade() -> None:
    run_file("0010_evaluation_down")
