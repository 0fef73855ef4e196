"""Many at once and again and again: real threads against the real database never pass a cap or count twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from hypothesis import given, settings
from hypothesis import strategies as st

from phr.domain.points import Award
from phr.services.points import Happened
from tests.phr.services.points.scene import NOON, days_ago, earned, events, give, someone, walk


def together(count, work):
    """The same work in so many threads that begin at the same moment; Busy and Conflict are answers, too."""
    gate = Barrier(count)

    def run(number):
        gate.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_twenty_classes_told_at_once_never_pass_the_cap_of_the_week(system):
    """6.2: two classes a week; twenty threads, one person, one week."""
    person, _ = someone(system)

    def attend(number):
        thing = Happened("class_attended", days_ago(0), "staff", "list:x", "activity", occasion=f"c{number}")
        return system.points.earn(person, [thing], request=f"thread-{number}")[0]

    verdicts = together(4, lambda number: [attend(number * 5 + at) for at in range(5)])
    awards = [one for part in verdicts for one in part if isinstance(one, Award)]
    assert len(awards) == 2
    assert earned(system, person) == 40


def test_the_same_event_told_by_many_at_once_counts_once(system):
    """Each event counts once under repeats."""
    person, _ = someone(system)
    thing = Happened("checkup_imported", days_ago(3), "official", "checkup:x", "checkup")
    verdicts = together(4, lambda number: system.points.earn(person, [thing] * 3, request=f"t-{number}"))
    assert sum(isinstance(one, Award) for part in verdicts for one in part) == 1
    assert earned(system, person) == 300


def test_rounds_at_once_give_what_one_round_gives(system):
    """Two workers, or a worker and a command: the second finds the work done."""
    people = [someone(system)[0] for _ in range(6)]
    for person in people:
        give(system, person, *[walk(days_ago(day), 9000) for day in range(1, 6)])
    together(3, lambda number: system.earning_round(request=f"round-{number}"))
    system.earning_round(request="after")
    assert [earned(system, person) for person in people] == [15] * 6


@settings(max_examples=2)
@given(st.permutations(range(1, 7)), st.lists(st.integers(0, 14000), min_size=6, max_size=6))
def test_days_that_come_one_by_one_in_any_order_earn_what_they_earn_at_once(stage, order, amounts):
    """Replay and reordering: the same data give the same events, however the nights fell."""
    stage.clock.at = NOON
    slow, quick = someone(stage)[0], someone(stage)[0]
    for day in order:
        give(stage, slow, walk(days_ago(day), amounts[day - 1]))
        stage.earning_round(request="night")
    stage.clock.tick(timedelta(hours=1))
    give(stage, quick, *[walk(days_ago(day), amounts[day - 1]) for day in range(1, 7)])
    stage.earning_round(request="night")
    stage.earning_round(request="night")
    assert sorted(events(stage, slow)) == sorted(events(stage, quick))
