"""Which way a message takes: what was chosen, what is there, and paper where nothing else is left."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from phr.domain.messages.catalogue import CHANNELS, catalogue
from phr.domain.messages.routing import Choice, Reach, Way, route

KINDS = catalogue().kinds
MAIL, LINE, PUSH = (Reach(UUID(int=n), name) for n, name in enumerate(("email", "line", "push")))
ALL = frozenset({"email", "line", "push"})
choices = st.none() | st.builds(Choice, st.booleans(), st.lists(st.sampled_from(CHANNELS), unique=True))
reaches = st.lists(st.sampled_from([MAIL, LINE, PUSH]), unique=True)


def test_a_nudge_that_nobody_asked_for_is_stopped():
    assert route(KINDS["nudge"], None, [MAIL], ALL).way is Way.STOPPED


def test_a_nudge_that_was_asked_for_goes_by_line_first():
    found = route(KINDS["nudge"], Choice(wanted=True), [MAIL, LINE, PUSH], ALL)
    assert (found.way, found.to) == (Way.SEND, (LINE,))


def test_the_chosen_way_comes_before_the_usual_order():
    found = route(KINDS["nudge"], Choice(wanted=True, channels=("email",)), [MAIL, LINE], ALL)
    assert found.to == (MAIL,)


def test_an_alarm_that_nobody_wants_outside_stays_in_the_inbox():
    """It is never lost."""
    assert route(KINDS["alarm"], Choice(wanted=False), [MAIL], ALL).way is Way.INBOX


def test_who_has_no_device_gets_a_letter():
    """Nobody is left behind: a reminder becomes paper, a nudge does not."""
    assert route(KINDS["reminder"], Choice(wanted=True), [], ALL).way is Way.PAPER
    assert route(KINDS["nudge"], Choice(wanted=True), [], ALL).way is Way.INBOX


def test_post_can_be_chosen_before_everything_else():
    found = route(KINDS["reminder"], Choice(wanted=True, channels=("post", "email")), [MAIL], ALL)
    assert found.way is Way.PAPER


def test_post_is_no_way_for_what_never_becomes_paper():
    found = route(KINDS["nudge"], Choice(wanted=True, channels=("post",)), [MAIL], ALL)
    assert found.way is Way.INBOX


def test_a_channel_that_the_city_has_not_set_up_makes_the_message_wait():
    found = route(KINDS["nudge"], Choice(wanted=True), [LINE], frozenset({"email"}))
    assert (found.way, found.why) == (Way.WAIT, "channel-not-set-up")


def test_another_channel_that_is_set_up_is_used_meanwhile():
    found = route(KINDS["nudge"], Choice(wanted=True), [LINE, MAIL], frozenset({"email"}))
    assert found.to == (MAIL,)


@given(st.sampled_from(sorted(KINDS)), choices, reaches, st.sets(st.sampled_from(sorted(ALL))))
def test_nothing_goes_where_it_was_not_wanted_or_chosen(name, choice, held, ready):
    """For every kind, choice, set of addresses and channels."""
    kind = KINDS[name]
    found = route(kind, choice, held, ready)
    wanted = not kind.asked if choice is None else choice.wanted
    if not wanted:
        assert found.way in (Way.STOPPED, Way.INBOX)
    for one in found.to:
        assert one in held
        assert one.channel in ready
        assert choice is None or not choice.channels or one.channel in choice.channels
    assert (found.way is Way.SEND) == bool(found.to)
    assert kind.paper or found.way is not Way.PAPER
