"""The card that ships: of this artifact, complete, and repeated on the data where it is at hand."""

import json
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from risk.model import nagala
from risk.model import train as training
from risk.model.artifact import shipped
from risk.model.evaluate import HELD_OUT, PATTERNS, figures, unseen
from risk.model.inputs import standard
from risk.model.page import AIMS, page
from risk.model.train import Settings, complete, train

ROOT = Path(__file__).resolve().parents[3]
SHARED = ROOT / ".." / "shared" / "data" / "nagala" / "nagala_development.csv.gz"
CARD = json.loads(resources.files("risk.model").joinpath("card.json").read_text())


def test_the_card_is_that_of_the_shipped_artifact():
    """Version, data and penalties are the same."""
    assert CARD["version"] == shipped().version
    assert CARD["trained"] == shipped().trained
    assert {name: each["penalty"] for name, each in CARD["variants"].items()} == {
        name: variant.penalty for name, variant in shipped().variants.items()
    }
    assert set(CARD["external"]) == {"nhanes", "korea"}


def test_the_page_says_what_the_card_says():
    """Written by the same command; nobody edits a figure by hand."""
    written = (ROOT / "docs" / "explanation" / "risk-model.md").read_text(encoding="utf-8")
    assert written == page(CARD)


def test_every_column_of_the_interface_is_read_or_named_as_not_read():
    """A nurse can see why alcohol changes nothing."""
    interface = "age sex bmi waist_cm sbp dbp fpg hba1c_ngsp tg_fasting hdl ldl tc ast alt ggt smoking exercise ethanol_g_week"
    assert set(standard().input) | set(standard().unused) == set(interface.split())


def test_the_aims_that_the_page_calls_reached_are_reached():
    """And the one that is not is called so."""
    assert CARD["patterns"]["with-blood"]["concordance"] >= AIMS["with-blood"] == 0.88
    assert CARD["patterns"]["without-blood"]["concordance"] >= AIMS["without-blood"] == 0.77
    for name in AIMS:
        assert 0.9 <= CARD["patterns"][name]["slope"] <= 1.1
    gap = CARD["patterns"]["without-blood"]["subgroups"]["50 and over"]["gap_interval"][1]
    assert (gap < -0.03) == ("**no**" in page(CARD))


def test_a_card_without_other_countries_says_so():
    """The page does not pretend."""
    assert "Not measured in this run." in page({**CARD, "external": {}})


@pytest.fixture
def two_variants(monkeypatch):
    """Trains only the variants of the aims, to be quick."""
    kept = tuple(v for v in standard().variants if v.name in {"glucose-and-hba1c", "plain"})
    monkeypatch.setattr(training, "standard", lambda: replace(standard(), variants=kept))


@pytest.mark.shared
def test_the_held_out_part_gives_the_figures_of_the_card_again(two_variants):
    """Trained on the other four parts, scored on the one that no choice of inputs looked at."""
    if not SHARED.exists():
        pytest.skip("the development data is not here")
    cohort = complete(nagala.read(SHARED))
    held = cohort.part == HELD_OUT
    model = train(cohort.rows(~held), Settings(replicates=0))
    for name in AIMS:
        risk = unseen(cohort, [model] * nagala.FOLDS, PATTERNS[name])
        found = figures(cohort.rows(held), risk[held], full=False)
        expected = CARD["patterns"][name]
        assert found["concordance"] == pytest.approx(expected["concordance_held_out"], abs=0.005)
        assert found["mean_risk"] == pytest.approx(expected["mean_risk"], rel=0.25)
        assert 0.6 < found["slope"] < 1.4


@pytest.mark.shared
def test_training_again_gives_the_tables_that_ship(two_variants):
    """The curves of the artifact, without the bootstrap."""
    if not SHARED.exists():
        pytest.skip("the development data is not here")
    again = train(nagala.read(SHARED), Settings(replicates=0))
    assert again.trained["data_sha256"] == shipped().trained["data_sha256"]
    assert again.ranges == shipped().ranges
    for name, variant in again.variants.items():
        ours = shipped().variants[name]
        assert variant.base == pytest.approx(ours.base, abs=0.01)
        for each, shape in variant.shapes.items():
            assert np.allclose(shape.levels, ours.shapes[each].levels, atol=0.01)
