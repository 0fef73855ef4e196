"""Numbers on paper: a slip of the pen is seen, and nobody finds one by trying."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.messages import numbers

made = st.builds(numbers.new_number)


def test_a_number_is_found_however_it_is_typed():
    number = numbers.new_number()
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in number)
    for typed in (number, numbers.shown(number), number.lower(), f" {numbers.shown(number)} ", wide):
        assert numbers.plain(typed) == number


@given(made, st.integers(0, 11), st.sampled_from(numbers.SIGNS))
def test_one_wrong_sign_is_always_seen(number, place, sign):
    changed = number[:place] + sign + number[place + 1 :]
    assert (numbers.plain(changed) == changed) == (changed == number)


@given(made, st.integers(0, 10))
def test_two_neighbours_that_changed_places_are_always_seen(number, place):
    changed = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert (numbers.plain(changed) == changed) == (changed == number)


@given(st.text(max_size=100))
def test_any_text_is_a_number_or_nothing(text):
    found = numbers.plain(text)
    assert found == "" or (len(found) == 12 and set(found) <= set(numbers.SIGNS))


def test_numbers_do_not_repeat():
    assert len({numbers.new_number() for _ in range(2000)}) == 2000


@pytest.mark.parametrize("random", [0, 1, 4471092612, 10**10 - 1, 10**12])
def test_the_number_of_a_letter_is_read_back(random):
    number = numbers.letter_number(random)
    assert len(number) == 11
    assert numbers.letter_named(" ".join((number[:4], number[4:8], number[8:]))) == number


@given(st.integers(0, 10**10 - 1), st.integers(0, 10), st.integers(1, 9))
def test_one_wrong_digit_of_a_letter_is_always_seen(random, place, more):
    number = numbers.letter_number(random)
    digit = str((int(number[place]) + more) % 10)
    assert numbers.letter_named(number[:place] + digit + number[place + 1 :]) == ""


@pytest.mark.parametrize("text", ["", "x", "4471", "x" * 11, "٣" * 11, "4" * 12])
def test_what_cannot_be_a_letters_number_is_nothing(text):
    assert numbers.letter_named(text) == ""


def test_full_width_digits_are_read():
    number = numbers.letter_number(4471092612)
    assert numbers.letter_named("".join(chr(ord(sign) + 0xFEE0) for sign in number)) == number
