"""The families of the demo come through the doors, so that what it shows is what a city would see."""

from __future__ import annotations

from datetime import timedelta

import pytest

from phr.commands.demo_family import furnish
from synthetic_data.children import children
from tests.phr.services.families import a_patient, born_ago

pytestmark = pytest.mark.db


def test_each_guardian_has_a_child_with_a_record(system):
    """Growth, vaccinations and weeks are there, and only for the one who acts."""
    people = dict(reversed(a_patient(system, born_ago(system, 38))) for _ in range(2))
    system.clock.tick(timedelta(seconds=-30))
    today = system.clock.now().astimezone(system.settings.tz).date()
    seed = int(system.clock.now().timestamp())
    assert furnish(system, people, children(seed, 2, today)) == 2
    system.clock.tick(timedelta(seconds=30))
    for patient, person in people.items():
        (acting,) = system.guardians.acting_for(person, actor=patient, request="t")
        record = system.children.read(acting)
        assert record.measures["weight"]
        assert record.facts.weeks is not None
        assert record.hidden == frozenset()
