"""How people prove who they are: identities elsewhere, second factors, attempts, lock-outs, and what a session is."""

from __future__ import annotations

from phr.store.migrations.script import run_file

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0011_sign_in")


def downgrade() -> None:
    run_file("0011_sign_in_down")
