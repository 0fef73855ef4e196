"""Specific health guidance: courses, contacts and results."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0006_guidance")


def downgrade() -> None:
    run_file("0006_guidance_down")
