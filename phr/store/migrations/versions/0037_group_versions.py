"""Versions of cohorts: a Group has a history like every other resource."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0037_group_versions")


def downgrade() -> None:
    run_file("0037_group_versions_down")
