"""SMART on FHIR: apps, authorisations, tokens."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0024_smart")


def downgrade() -> None:
    run_file("0024_smart_down")
