"""One city for each file of tests of bulk data."""

from __future__ import annotations

import pytest

from tests.conformance.bulk.scene import a_scene


@pytest.fixture(scope="module")
def scene(database_url, tmp_path_factory):
    """A city with a university; its people are its own."""
    made = a_scene(database_url, tmp_path_factory.mktemp("bulk"))
    yield made
    made.system.close()


@pytest.fixture(scope="module")
def study(scene):
    """Three people who share everything with the university."""
    people = [scene.somebody((60.0 + n, 70.0 + n)) for n in range(3)]
    for one in people:
        scene.share(one)
    return people
