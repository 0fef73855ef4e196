"""The reference page of the scores is written from the data files, so that a reviewer reads what the code uses."""

from pathlib import Path

import pytest

from risk.questionnaires.definition import NAMES, form
from risk.scores.model import PUBLISHED, load, not_shipped
from risk.scores.page import home_limits, questionnaires, scores

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "scores.md"
EXPLAINED = Path(__file__).parents[3] / "docs" / "explanation" / "risk-scores.md"


@pytest.mark.parametrize("block", [scores, home_limits, questionnaires])
def test_the_page_holds_what_the_code_says(block):
    """A table changed in a data file and not on the page is a broken build."""
    assert block() in PAGE.read_text(encoding="utf-8")


def test_every_score_is_on_the_page_with_its_citation():
    """Shipped or not, with where it was published."""
    text = scores()
    for name in PUBLISHED:
        assert f"### `{name}` " in text
        assert load(name).citation.doi in text
    assert all(f"| `{name}` |" in text for name in not_shipped())


def test_the_page_explains_what_is_not_shipped():
    """Whoever looks for a score reads why it gives no number."""
    text = EXPLAINED.read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in [*PUBLISHED, *not_shipped()])
    assert "**not shipped**" in text


def test_every_item_is_on_the_page_in_its_own_words():
    """The official wording, item by item."""
    text = questionnaires()
    assert all(item.ja in text for name in NAMES for item in form(name).items)
