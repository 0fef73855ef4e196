"""The curves that join published shares and means."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_data.marginals import fit, normal_curve

SCORES = np.array([NormalDist().inv_cdf((i + 0.5) / 4000) for i in range(4000)])


@given(
    center=st.floats(80, 150),
    spread=st.floats(0.06, 0.3),
    cuts=st.lists(st.floats(-1.6, 1.6), min_size=2, max_size=5, unique_by=lambda cut: round(cut, 1)),
)
def test_a_curve_gives_back_the_shares_and_the_mean_that_it_was_fitted_to(center, spread, cuts):
    """From a known distribution only shares at the cuts and the mean are kept; both come back."""
    scores = np.sort(cuts)
    edges = center * np.exp(spread * scores)
    below = [NormalDist().cdf(float(score)) for score in scores]
    mean = center * float(np.exp(spread**2 / 2))
    curve = fit(edges.tolist(), below, mean, scale="log", limits=(1.0, 10_000.0))
    values = curve(SCORES)
    assert values.mean() == pytest.approx(mean, rel=0.01)
    for edge, share in zip(edges, below, strict=True):
        assert (values < edge).mean() == pytest.approx(share, abs=0.001)
    assert (np.diff(values) >= 0).all()


def test_values_stay_inside_the_range_of_the_item():
    """However far out the score, no impossible value is printed."""
    curve = normal_curve(14.0, 1.2, 6.0, 20.0)
    assert curve(np.array([-9.0, 0.0, 9.0])).tolist() == [pytest.approx(6.8), 14.0, 20.0]
