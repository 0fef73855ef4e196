"""What every collector makes of nothing, of one reading, of thousands, and of values that look alike."""

import pytest

from ingest.errors import BadPayload
from tests.conformance.registered import every
from tests.conformance.truth import seen


@every("empty")
def test_nothing_is_read_from_nothing(adapter, tmp_path):
    """An empty payload gives no samples: quietly, or with the one documented refusal."""
    field, batches = "none", []
    try:
        batches = adapter.collect(adapter.write(tmp_path / "x", []))
    except BadPayload as refused:
        field = refused.field
    assert field
    assert seen(batches) == []


@every("one")
def test_one_reading_is_that_reading(adapter, tmp_path):
    """Code, instant, value, length and offset, and nothing beside it."""
    for number in range(len(adapter.kinds)):
        rows = adapter.rows(1, skip=number)
        assert seen(adapter.collect(adapter.write(tmp_path / f"{number}", rows))) == rows


@every("many")
def test_many_readings_of_several_kinds_are_all_of_them(adapter, tmp_path):
    """Thousands of rows, none lost, none added, none changed."""
    rows = adapter.rows(adapter.most)
    assert seen(adapter.collect(adapter.write(tmp_path / "x", rows))) == sorted(rows)


@every("out of order")
def test_the_order_of_a_payload_does_not_matter(adapter, tmp_path):
    """Newest first gives the same readings."""
    rows = adapter.rows(40)
    assert seen(adapter.collect(adapter.write(tmp_path / "x", rows[::-1]))) == sorted(rows)


@every("unit look-alikes")
def test_units_are_read_and_never_guessed(adapter, tmp_path):
    """The same number in another unit is another value; a unit that is not known refuses the value."""
    tried = 0
    for what, payload, expected in adapter.look_alikes(tmp_path / "x"):
        rows = seen(adapter.collect(payload))
        found = sorted((row.code, value) for row in rows for _, value in row.values)
        assert found == [(code, pytest.approx(value, rel=0.002)) for code, value in sorted(expected)], what
        tried += 1
    assert tried
