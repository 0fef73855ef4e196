"""Volume: every notification of a fast strap arrives; ``tests/ingest/ble/rate.py`` measures how fast."""

from __future__ import annotations

import pytest

from tests.ingest.ble.rate import measure

pytestmark = pytest.mark.ble


def test_every_notification_of_a_fast_strap_becomes_a_row():
    """None is lost and none counts twice, however fast they come."""
    rate = measure(1500)
    assert rate.stored == rate.sent == 1500
    assert rate.radio > 0
