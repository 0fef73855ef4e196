"""What every collector leaves in the record: once, whatever comes twice, late, in pieces, or after a crash."""

from __future__ import annotations

import pytest

from tests.conformance.record import count, fingerprint, withdraw
from tests.conformance.registered import every
from tests.conformance.truth import seen
from tests.phr.services.scenes import a_person


class Crash(BaseException):
    """Stands for kill -9."""


def parts(adapter, size=6):
    """Three portions of readings, one after another."""
    return [adapter.rows(size, skip=skip) for skip in (0, size, 2 * size)]


@pytest.fixture(scope="module")
def known():
    """Records that nothing disturbed, by adapter: what several tests compare with is made once."""
    return {}


def undisturbed(adapter, system, admin, place, known):
    """The record of somebody whose readings all came at once, in their order."""
    name = (adapter.id, adapter.first)
    if name not in known:
        somebody = a_person(system)
        first, second, third = parts(adapter)
        adapter.receive(system, somebody[0], adapter.write(place, first + second + third))
        assert count(admin, somebody[0]) == 18
        known[name] = fingerprint(system, admin, somebody[0])
    return known[name]


@every("duplicate")
def test_what_comes_twice_is_stored_once(adapter, system, admin, who, tmp_path):
    """The same payload again, and the same rows again inside one payload."""
    rows = adapter.rows(12)
    adapter.receive(system, who[0], adapter.write(tmp_path / "x", rows))
    once = fingerprint(system, admin, who[0])
    assert count(admin, who[0]) == len(rows)
    adapter.receive(system, who[0], adapter.write(tmp_path / "y", rows))
    adapter.receive(system, who[0], adapter.write(tmp_path / "z", rows + rows[::-1]))
    assert fingerprint(system, admin, who[0]) == once


@every("late")
def test_late_pieces_in_another_order_leave_the_same_record(adapter, system, admin, who, tmp_path, known):
    """Three deliveries, the last first, each with a row of the one before: samples and summaries are the same."""
    first, second, third = parts(adapter)
    for number, rows in enumerate((third, second + third[:1], first + second[:1])):
        adapter.receive(system, who[0], adapter.write(tmp_path / f"{number}", rows[::-1]))
    assert fingerprint(system, admin, who[0]) == undisturbed(adapter, system, admin, tmp_path / "x", known)
    assert count(admin, who[0]) == 18


@every("no consent")
def test_without_consent_nothing_is_kept_and_everything_is_counted(adapter, system, admin, tmp_path):
    """Unknown means no: every sample is refused."""
    nobody = a_person(system, agreed=False)
    rows = adapter.rows(12)
    assert adapter.receive(system, nobody[0], adapter.write(tmp_path / "x", rows)) == len(rows)
    assert count(admin, nobody[0]) == 0


@every("withdrawn in the middle")
def test_a_withdrawal_between_two_portions_stops_the_second(adapter, system, admin, who, tmp_path):
    """What was stored before stays; nothing of what comes after is stored."""
    payload = adapter.write(tmp_path / "x", *parts(adapter))
    stored = []

    def after():
        stored.append(count(admin, who[0]))
        if len(stored) == 1:
            withdraw(system, who)

    refused = adapter.receive(system, who[0], payload, after)
    assert 0 < stored[0] < 18
    assert count(admin, who[0]) == stored[0]
    assert refused in (18 - stored[0], 0)  # a cloud is not even asked for more


@every("crash and resume")
def test_a_crash_after_a_portion_loses_nothing_and_doubles_nothing(adapter, system, admin, tmp_path, known):
    """After the first and after the second; collected again, the rest comes, as if nothing had stopped it."""
    for portion in (1, 2):
        who = a_person(system)
        payload = adapter.write(tmp_path / f"{portion}", *parts(adapter))
        calls = []

        def die(who=who, calls=calls, portion=portion):
            calls.append(count(admin, who[0]))
            if len(calls) == portion:
                raise Crash

        with pytest.raises(Crash):
            adapter.receive(system, who[0], payload, die)
        assert 0 < count(admin, who[0]) < 18
        adapter.receive(system, who[0], payload)
        whole = undisturbed(adapter, system, admin, tmp_path / "x", known)
        assert fingerprint(system, admin, who[0]) == whole, portion
        assert count(admin, who[0]) == 18


@every("resume at a mark", files=True)
def test_reading_goes_on_after_every_mark(adapter, tmp_path):
    """What was read up to a mark and what follows it are the file."""
    payload = adapter.write(tmp_path / "x", *parts(adapter))
    whole = adapter.collect(payload)
    assert len(whole) > 1
    for place, batch in enumerate(whole):
        rest = adapter.collect(payload, mark=batch.mark)
        assert sorted(seen(whole[: place + 1]) + seen(rest)) == seen(whole)
