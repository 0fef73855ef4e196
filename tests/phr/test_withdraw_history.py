"""The judge of the withdrawal benchmark: it finds every leak, and calls nothing a leak that is none."""

from __future__ import annotations

import pytest

from phr.commands.benchmarks.withdraw_history import Closed, Log, Read, histogram, judge, load

COVERS = {"search": "care", "download": "research"}
WINDOW = Closed("care", "p", asked=10.0, acknowledged=10.5, reopened=12.0)


def a_read(began, ended, saw=True, kind="search", person="p"):
    return Read(kind, person, began, ended, saw)


def leaks(*reads, closed=(WINDOW,)):
    return list(judge(reads, closed, COVERS).leaks)


def test_a_read_that_began_after_the_answer_and_saw_data_is_a_leak():
    """The checker can fail: that is what it is for."""
    leak = a_read(10.6, 10.7)
    assert leaks(a_read(9.0, 9.1), leak) == [leak]


@pytest.mark.parametrize(
    "read",
    [
        a_read(10.2, 10.9),  # began before the answer: its statement may be older than the commit
        a_read(10.6, 10.7, saw=False),
        a_read(11.9, 12.1),  # sharing again was asked for before it ended
        a_read(12.5, 12.6),
        a_read(10.6, 10.7, kind="download"),
        a_read(10.6, 10.7, person="q"),
    ],
)
def test_what_may_have_been_shared_is_no_leak(read):
    assert leaks(read) == []


def test_each_withdrawal_of_a_person_is_judged_by_itself():
    """Sharing in between is allowed, and the second withdrawal is as good as the first."""
    second = Closed("care", "p", 20.0, 20.5)
    late = a_read(30.0, 30.1)
    assert leaks(a_read(15.0, 15.1), late, closed=(WINDOW, second)) == [late]


def test_the_time_to_the_last_read_counts_from_the_request():
    """Reads before the request say nothing about it; a withdrawal that nobody saw after has none."""
    found = judge([a_read(9.9, 9.95), a_read(10.1, 10.2), a_read(10.4, 10.9)], [WINDOW], COVERS)
    assert found.to_last_read == (pytest.approx(0.4),)
    assert found.to_answer == (0.5,)
    assert judge([], [WINDOW], COVERS).to_last_read == (0.0,)
    assert judge([a_read(10.6, 10.7, saw=False)], [WINDOW], COVERS).inside == 1


def test_a_histogram_counts_each_time_once():
    found = histogram([0.0, 0.0005, 0.004, 0.1, 9.0])
    assert sum(found.values()) == 5
    assert (found["<= 0"], found["<= 1"], found["<= 5"], found["<= 100"], found["> 2000"]) == (1, 1, 1, 1, 1)


def test_the_line_of_a_killed_process_is_left_out(tmp_path):
    """Kill -9 may cut a line in two; the lines before it count."""
    path = tmp_path / "1.log"
    log = Log(path)
    log.note("search", "p", 1.0, 2.0, saw=True)
    log.close()
    with path.open("a") as file:
        file.write('["search", "p", 3.0')
        file.write('\n[1]\n"x"')
    assert load([path]) == [Read("search", "p", 1.0, 2.0, saw=True)]
