"""The door by its index: what every policy asks of the grants of a person stands in one index, in the order of the consents."""

from __future__ import annotations

from phr.store.migrations.script import build_index, drop_index

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    build_index(
        "consent_grant_gate",
        "phr.consent_grant (person_id, consent_id)"
        " INCLUDE (audience, category, data_from, data_to, valid_from, valid_to, depth, effect)",
    )
    drop_index("consent_grant_audience")


def downgrade() -> None:
    build_index("consent_grant_audience", "phr.consent_grant (person_id, audience)")
    drop_index("consent_grant_gate")
