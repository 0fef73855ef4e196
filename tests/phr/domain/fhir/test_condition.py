"""What a condition means."""

from __future__ import annotations

import pytest

from phr.domain.fhir.condition import only
from phr.errors import Unmet


def test_a_condition_means_the_one_that_fits_or_none_and_never_one_of_several():
    """Nobody can tell which of two was meant."""
    assert (only(iter("a")), only([])) == ("a", None)
    with pytest.raises(Unmet):
        only("ab")
