"""Personal health devices: a source keeps how identifiers of the HL7 guide name its device."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0034_phd")


def downgrade() -> None:
    run_file("0034_phd_down")
