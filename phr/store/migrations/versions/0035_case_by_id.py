"""Cases by their id: a nurse's page knows the case and not yet whose it is."""

from __future__ import annotations

from phr.store.migrations.script import build_index, drop_index

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    build_index("work_item_case", "phr.work_item (item_id)")


def downgrade() -> None:
    drop_index("work_item_case")
