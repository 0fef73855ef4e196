"""The game: a class is counted through the consents of its children's guardians, and only when it is large."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from phr.domain.access import Access
from phr.errors import Invalid, NotAllowed
from tests.phr.services.families import CLERK, a_family, born_ago

pytestmark = pytest.mark.db


def brush(system, one, back=1):
    day = system.clock.now().astimezone(system.settings.tz).date() - timedelta(days=back)
    system.brushing.brush(one.child, day, "evening", actor="m", request="t", way="guardian")


def test_a_class_of_ten_is_counted_and_one_of_nine_is_not(system):
    """Totals of full days, rounded down; who leaves the consent leaves the count; nobody is named."""
    code = f"class-{uuid4().hex[:8]}"
    families = [a_family(system, 8) for _ in range(10)]
    for one in families[:9]:
        system.guardians.join_class(one.child, code, one.row, CLERK)
    first = families[0]
    game = system.brushing.game(first.child, first.acting().access)
    assert (game.in_class, game.class_times) == (True, None)
    consent = system.guardians.join_class(families[9].child, code, families[9].row, CLERK)
    for one in families:
        brush(system, one)
        brush(system, one, back=2)
    assert system.brushing.game(first.child, first.acting().access).class_times == 20
    system.consents.withdraw(families[9].child, consent, actor="m", role="registrar", request="t")
    assert system.brushing.game(first.child, first.acting().access).class_times is None
    with system.store.begin(Access("system", "class", f"Group/{code}", "family", "t")) as uow:
        assert uow.people.get(families[9].child) is None


def test_days_need_consent_and_a_window(system):
    """Collecting is asked for the category of the mother-child record; the writer's purpose alone opens nothing."""
    alone = a_family(system, 8, agreed=())
    with pytest.raises(Invalid) as caught:
        brush(system, alone)
    assert caught.value.field == "consent"
    one = a_family(system, 8)
    with pytest.raises(Invalid):
        brush(system, one, back=3)
    for purpose in ("family", "guidance", "self"):
        access = Access("resident", "m", f"Patient/{one.mother_patient}", purpose, "t", one.child)
        with pytest.raises(NotAllowed), system.store.begin(access) as uow:
            uow.family.brush(one.child, born_ago(system, 0), "evening", "x", system.clock.now())


def test_the_days_of_one_child_are_nobody_elses(system):
    """Another guardian reads no day; points read them only with the consent to points."""
    one, other = a_family(system, 8), a_family(system, 8)
    brush(system, one)
    access = other.acting().access
    with system.store.begin(access.about(one.child)) as uow:
        assert uow.family.brushed(one.child, born_ago(system, 1)) == []
    first, last = born_ago(system, 1), born_ago(system, 0)
    assert system.brushing.evidence(one.child, first, last, request="t") == []
