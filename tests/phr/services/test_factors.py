"""Second factors of staff: what is right works once, what is wrong waits longer and longer, and nothing is kept readable."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pyotp
import pytest
from argon2 import PasswordHasher

from phr.bootstrap import start
from phr.errors import Busy, Conflict, Invalid, NotFound
from phr.services.accounts import Factors, Held, Where
from phr.services.accounts.words import signing_in
from tests.conftest import settings_at as settings_for

PHRASE = "a long walk along the river"


@pytest.fixture
def nurse(system):
    """A nurse's account: its id and name."""
    name = f"n-{uuid4()}"
    system.accounts.put(name, "nurse", recipient="Organization/city-health", request="t")
    return system.accounts.enter(name, Where(), strong=True, request="t").caller


@pytest.fixture
def factors(system, clock):
    quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    return Factors(system.store, clock, system._factor_box, "test", quick)


def enrol(factors, nurse, clock):
    """An authenticator in use; gives what shows its codes."""
    address = factors.offer_totp(nurse.account, nurse.subject, "t")
    shows = pyotp.TOTP(parse_qs(urlsplit(address).query)["secret"][0])
    factors.confirm_totp(nurse.account, nurse.subject, shows.at(clock.now()), "t")
    clock.tick(timedelta(seconds=60))
    return shows


def test_the_right_passphrase_is_known_however_it_is_typed(factors, nurse):
    """Full-width letters are the same letters (NFKC)."""
    factors.set_passphrase(nurse.account, nurse.subject, PHRASE, "t")
    assert factors.by_passphrase(nurse.subject, PHRASE, "t").account_id == nurse.account
    wide = "".join(chr(ord(sign) + 0xFEE0) if sign != " " else "　" for sign in PHRASE)
    assert factors.by_passphrase(nurse.subject, wide, "t") is not None


@pytest.mark.parametrize("wrong", ["", PHRASE + "x", PHRASE.upper()])
def test_a_wrong_passphrase_gives_nothing(factors, nurse, wrong):
    """And says no more than that."""
    factors.set_passphrase(nurse.account, nurse.subject, PHRASE, "t")
    assert factors.by_passphrase(nurse.subject, wrong, "t") is None


NEXT = "and back through the old town"


def test_a_change_asks_for_the_present_passphrase(factors, nurse):
    """ASVS 6.2.3: a page left open sets no new one."""
    factors.set_passphrase(nurse.account, nurse.subject, PHRASE, "t")
    for current in ("", "something else"):
        with pytest.raises(Invalid) as error:
            factors.set_passphrase(nurse.account, nurse.subject, NEXT, "t", current=current)
        assert error.value.field == "current"
    assert factors.by_passphrase(nurse.subject, NEXT, "t") is None
    factors.set_passphrase(nurse.account, nurse.subject, NEXT, "t", current=PHRASE)
    assert factors.by_passphrase(nurse.subject, NEXT, "t") is not None
    assert factors.by_passphrase(nurse.subject, PHRASE, "t") is None


def test_guesses_of_the_present_passphrase_lock_the_account(factors, nurse):
    """The page is no way round the pauses."""
    factors.set_passphrase(nurse.account, nurse.subject, PHRASE, "t")
    for _ in range(5):
        with pytest.raises(Invalid):
            factors.set_passphrase(nurse.account, nurse.subject, NEXT, "t", current="wrong")
    with pytest.raises(Busy):
        factors.set_passphrase(nurse.account, nurse.subject, NEXT, "t", current=PHRASE)


@pytest.mark.parametrize("name", ["known", "unknown"])
def test_failures_lock_a_name_whether_it_exists_or_not(factors, nurse, clock, name):
    """What is locked must not tell which names exist; the pause ends, and doubles."""
    subject = nurse.subject if name == "known" else f"nobody-{uuid4()}"
    for _ in range(5):
        assert factors.by_passphrase(subject, "wrong", "t") is None
    with pytest.raises(Busy):
        factors.by_passphrase(subject, "wrong", "t")
    clock.tick(timedelta(minutes=1))
    assert factors.by_passphrase(subject, "wrong", "t") is None
    clock.tick(timedelta(minutes=1))
    with pytest.raises(Busy):
        factors.by_passphrase(subject, "wrong", "t")


def test_a_code_is_good_once(factors, nurse, clock):
    """Somebody who looked over the shoulder comes too late (RFC 6238 5.2)."""
    shows = enrol(factors, nurse, clock)
    code = shows.at(clock.now())
    assert factors.second(nurse.account, nurse.subject, code, "t")
    assert not factors.second(nurse.account, nurse.subject, code, "t")


@pytest.mark.parametrize(("off", "good"), [(-60, False), (-30, True), (30, True), (60, False)])
def test_a_clock_may_be_off_by_one_step(factors, nurse, clock, off, good):
    """30 seconds are forgiven in each direction."""
    shows = enrol(factors, nurse, clock)
    clock.tick(timedelta(seconds=120))
    code = shows.at(clock.now() + timedelta(seconds=off))
    assert factors.second(nurse.account, nurse.subject, code, "t") is good


def test_an_authenticator_counts_from_its_first_right_code(factors, nurse):
    """A key that was only offered opens nothing, and stays the same until it is confirmed."""
    address = factors.offer_totp(nurse.account, nurse.subject, "t")
    assert factors.offer_totp(nurse.account, nurse.subject, "t") == address
    with pytest.raises(Invalid) as wrong:
        factors.confirm_totp(nurse.account, nurse.subject, "000000", "t")
    assert wrong.value.field == "code"
    assert not factors.held(nurse.account, "t").second


def test_an_authenticator_in_use_is_not_replaced_by_an_offer(factors, nurse, clock):
    """Who has a session for a moment cannot put another authenticator in its place."""
    enrol(factors, nurse, clock)
    with pytest.raises(Conflict):
        factors.offer_totp(nurse.account, nurse.subject, "t")


def test_recovery_codes_work_once_each_and_end_with_new_ones(factors, nurse, clock):
    """As they are typed from paper: small letters and without hyphens too."""
    enrol(factors, nurse, clock)
    first, second, *_ = factors.new_codes(nurse.account, "t")
    assert factors.second(nurse.account, nurse.subject, first.lower().replace("-", " "), "t")
    assert not factors.second(nurse.account, nurse.subject, first, "t")
    factors.new_codes(nurse.account, "t")
    assert not factors.second(nurse.account, nurse.subject, second, "t")
    assert factors.held(nurse.account, "t").codes == 10


def test_the_last_second_factor_stays(factors, nurse, clock, system):
    """Else a click would leave an account that nobody can open, or that opens too easily."""
    enrol(factors, nurse, clock)
    with system.store.begin(signing_in("t")) as uow:
        only = uow.signin.factors(nurse.account, "totp")[0].factor_id
        uow.commit()
    with pytest.raises(Conflict):
        factors.remove(nurse.account, only, "t")
    assert factors.held(nurse.account, "t").totp


def test_a_reset_leaves_nothing_but_a_new_link(factors, nurse, clock, system):
    """For somebody who lost phone and paper, and whom the operator has seen."""
    factors.set_passphrase(nurse.account, nurse.subject, PHRASE, "t")
    enrol(factors, nurse, clock)
    factors.reset(nurse.subject, "t")
    assert factors.by_passphrase(nurse.subject, PHRASE, "t") is None
    assert factors.held(nurse.account, "t") == Held(False, False, (), 0)
    assert system.accounts.redeem(system.accounts.link(nurse.subject, "t"), "t") is not None
    with pytest.raises(NotFound):
        factors.reset("nobody at all", "t")


def test_nothing_readable_is_kept(factors, nurse, clock, system):
    """A stolen table opens no account."""
    factors.set_passphrase(nurse.account, nurse.subject, PHRASE, "t")
    shows = enrol(factors, nurse, clock)
    codes = factors.new_codes(nurse.account, "t")
    with system.store.begin(signing_in("t")) as uow:
        kept = b"".join(one.material + one.handle for one in uow.signin.factors(nurse.account))
        uow.commit()
    for secret in (PHRASE, shows.secret, *codes, *(code.replace("-", "") for code in codes)):
        assert secret.encode() not in kept


def test_staff_get_no_session_before_their_second_factor(database_url, clock, nurse):
    """The half opens the page of the second factor and nothing else; it becomes a session once."""
    strict = start(settings_for(database_url, staff_second_factor="on"), clock)
    half = strict.accounts.enter(nurse.subject, Where(), strong=False, request="t")
    assert not half.whole
    assert strict.accounts.caller(half.secret, "web", "t") is None
    made = strict.accounts.complete(half.secret, Where(), "t")
    assert made.whole
    assert strict.accounts.complete(half.secret, Where(), "t") is None
    assert strict.accounts.caller(made.secret, "web", "t").subject == nurse.subject
    strict.close()


def test_a_session_ends_after_half_a_day_however_busy_it_is(system, clock, nurse):
    """And on a device of several people after three quiet minutes."""
    made = system.accounts.enter(nurse.subject, Where(), strong=True, request="t")
    for _ in range(12 * 6 - 1):
        clock.tick(timedelta(minutes=10))
        assert system.accounts.caller(made.secret, "web", "t") is not None
    clock.tick(timedelta(minutes=10, seconds=1))
    assert system.accounts.caller(made.secret, "web", "t") is None
    shared = system.accounts.enter(nurse.subject, Where(shared=True), strong=True, request="t")
    clock.tick(timedelta(minutes=3, seconds=1))
    assert system.accounts.caller(shared.secret, "web", "t") is None


def test_sessions_are_listed_and_ended_from_elsewhere(system, nurse):
    """A lost tablet is signed out from the desk."""
    desk = system.accounts.enter(nurse.subject, Where("Firefox / Linux", "passkey"), strong=True, request="t")
    lost = system.accounts.enter(nurse.subject, Where("Safari / iPad", "link"), strong=True, request="t")
    lines = system.accounts.live(nurse.account, desk.secret, "t")
    assert {line.where.device for line in lines} >= {"Firefox / Linux", "Safari / iPad"}
    other = next(line for line in lines if line.where.device == "Safari / iPad")
    assert [line.here for line in lines].count(True) == 1
    system.accounts.end_one(nurse.account, other.session, "t")
    assert system.accounts.caller(lost.secret, "web", "t") is None
    assert system.accounts.caller(desk.secret, "web", "t") is not None
