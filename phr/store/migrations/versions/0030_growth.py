"""Growth: what watches the letters and what reviews the trail finds the newest by an index, however many there are."""

from __future__ import annotations

from phr.store.migrations.script import build_index, drop_index

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    build_index(
        "outbox_undelivered",
        "phr.outbox (state, kind, created_at, person_id) WHERE state <> 'delivered'",
    )
    build_index("outbox_created", "phr.outbox (created_at)")
    build_index("audit_event_newest", "phr.audit_event (at DESC, chain DESC, seq DESC)")


def downgrade() -> None:
    drop_index("audit_event_newest")
    drop_index("outbox_created")
    drop_index("outbox_undelivered")
