"""Evidence of points: what is kept is read back, and anything else is kept as it is."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from phr.domain.points_evidence import KINDS, of_steps, read


@given(st.dates(), st.integers(0, 100_000), st.lists(st.uuids(), max_size=4))
def test_the_evidence_of_steps_comes_back(day, amount, sources):
    """Day, steps and devices, as they were written."""
    found = read(of_steps(day, amount, sources))
    assert (found.kind, found.day, found.amount, found.sources) == ("steps", day, amount, tuple(sources))


@given(st.text())
def test_any_text_is_read(text):
    """Total: old and foreign evidence never breaks a page."""
    assert read(text).kind in KINDS


@given(st.sampled_from(["steps", "checkup", "brushing"]), st.text(max_size=30))
def test_a_known_word_before_nonsense_is_other_evidence(kind, rest):
    """What does not parse is kept whole."""
    found = read(f"{kind}:{rest}")
    assert found.kind == kind or found.reference == f"{kind}:{rest}"


def test_days_and_references_are_read():
    """One of each shape."""
    assert read("checkup:2026-06-01").day.isoformat() == "2026-06-01"
    assert read("brushing:2026-06-01").kind == "brushing"
    assert read("course:7").reference == "7"
    assert read(f"steps:2026-11-18:5:{UUID(int=1)}").sources == (UUID(int=1),)


def test_a_pedometer_diary_is_read_and_other_paper_stays_paper():
    """Paper equality: the same words for the same walk."""
    found = read("paper:steps:2026-11-02:7200")
    assert (found.kind, found.amount) == ("paper-steps", 7200)
    assert read("paper:blood-pressure:2026-11-02").kind == "paper"
    assert read("paper:steps:x").kind == "other"
