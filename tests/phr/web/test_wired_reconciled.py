"""A resident with a watch and a telephone sees each step once, and which device counted it."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from ingest.series import Series, Source
from tests.build import WATCH, agree, heart_rates

PHONE = Source("PHONE|Pixel 10||passive", "Pixel 10", "PHONE", "Pixel 10", "passive")


def steps(source: Source, start, values: list[float]) -> Series:
    """Steps, one row a minute."""
    first, n = int(start.timestamp()) * 1_000_000, len(values)
    return Series(
        "55423-8",
        source,
        first + np.arange(n, dtype=np.int64) * 60_000_000,
        {"value": np.array(values)},
        np.full(n, 32400, np.int32),
        np.zeros(n, np.uint8),
        np.full(n, 60_000_000, np.int64),
    )


@pytest.fixture
def walker(system, city, clock):
    """Ten minutes with both devices yesterday at noon, and five with the telephone alone an hour later."""
    me = city.a_resident(system)
    agree(system, me[0], me[1])
    noon = clock.now().astimezone(system.settings.tz).replace(hour=12, minute=0, second=0, microsecond=0)
    noon -= timedelta(days=1)
    series = [
        steps(WATCH, noon, [100.0] * 10),
        steps(PHONE, noon, [90.0] * 10),
        steps(PHONE, noon + timedelta(hours=1), [40.0] * 5),
        heart_rates(noon, [80.0] * 12),
    ]
    assert system.receive(me[0], series, request="test").stored == 37
    return me, noon.date()


def test_the_day_shows_each_step_once_and_names_the_devices(system, city, app, browse, walker):
    """1,000 at noon and 200 at one; the parts of the chart, its table and the list of devices agree."""
    me, day = walker
    page = city.signed_in(system, app, browse, me[1], "resident").get(
        f"/record/steps?period=day&last={day.isoformat()}"
    )
    assert page.status_code == 200
    assert "1,000" in page.text
    assert "200" in page.text
    assert "1,900" not in page.text
    assert page.text.index("Pixel Watch 4") < page.text.index("Pixel 10")
    assert "10分" in page.text


def test_a_week_counts_the_day_once(system, city, app, browse, walker):
    """The same number in the chart of the week."""
    me, day = walker
    page = city.signed_in(system, app, browse, me[1], "resident").get(
        f"/record/steps?period=week&last={day.isoformat()}"
    )
    assert "1,200" in page.text
    assert "2,100" not in page.text
