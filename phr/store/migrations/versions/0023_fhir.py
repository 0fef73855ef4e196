"""FHIR: types beyond vitals, the directory, conditional writes."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0023_fhir")


def downgrade() -> None:
    run_file("0023_fhir_down")
