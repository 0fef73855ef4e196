"""A user of a shared device is told apart by the exact index, and nobody is guessed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.ble.reading import UNKNOWN_USER
from ingest.ble.users import Nobody, whose

indexes = st.one_of(st.none(), st.integers(0, 255))
people = st.dictionaries(indexes, st.sampled_from(["mother", "father", "child"]), max_size=4)


def test_two_users_of_a_cuff_are_two_persons():
    """The index decides."""
    assert [whose({1: "mother", 2: "father"}, user) for user in (1, 2)] == ["mother", "father"]


def test_a_device_of_one_person_needs_no_index():
    """A cuff without user numbers belongs to the person it was enrolled for."""
    assert whose({None: "mother"}, None) == "mother"


def test_an_index_nobody_enrolled_is_nobody_even_on_a_device_of_one_person():
    """A guest pressed the other button."""
    assert whose({None: "mother"}, 2) == Nobody("user-not-enrolled")
    assert whose({1: "mother"}, 2) == Nobody("user-not-enrolled")


def test_unknown_is_never_guessed():
    """255 is the device saying that it could not tell; not even an enrolment of 255 changes that."""
    assert whose({None: "mother", 255: "father"}, UNKNOWN_USER) == Nobody("user-unknown")


def test_a_reading_without_an_index_of_a_device_of_two_is_nobodys():
    """Which of the two stood on the scale is not known."""
    assert whose({1: "mother", 2: "father"}, None) == Nobody("user-not-told")


def test_a_device_without_people_gives_nothing():
    """Nothing is enrolled."""
    assert whose({}, 1) == Nobody("device-not-enrolled")


@given(people, indexes)
def test_a_reading_goes_to_the_person_of_its_index_or_to_nobody(bound, user):
    """Users are never mixed: no table and no index make it go to the person of another index."""
    owner = whose(bound, user)
    assert isinstance(owner, Nobody) or (owner == bound[user] and user != UNKNOWN_USER)
