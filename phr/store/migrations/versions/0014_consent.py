"""Texts of consent, who recorded them and by which way, and what a withdrawal stopped."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0014_consent")


def downgrade() -> None:
    run_file("0014_consent_down")
