"""What tests draw by chance is drawn again by the same number."""

from __future__ import annotations

import os
import random
import secrets
import subprocess
import sys
from uuid import uuid4

import pytest

from tests import chance


def some() -> tuple[object, ...]:
    """An id, a token, a key, a salt and a wait."""
    return uuid4(), secrets.token_urlsafe(), secrets.randbelow(10**9), os.urandom(12), random.random()


def test_the_same_name_draws_the_same_and_another_name_something_else():
    """However much was drawn before."""
    chance.drawn_for("a test")
    first = some()
    assert some() != first
    chance.drawn_for("another test")
    assert not set(some()) & set(first)
    chance.drawn_for("a test")
    assert some() == first


def test_another_number_draws_something_else(monkeypatch: pytest.MonkeyPatch):
    """A night has a number of its own."""
    chance.drawn_for("a test")
    first = some()
    monkeypatch.setenv(chance.ASKED, f"{chance.seed()}1")
    chance.drawn_for("a test")
    assert not set(some()) & set(first)


def test_a_child_does_not_draw_what_its_parent_draws():
    """Two processes with the same ids would be one person."""
    program = (
        "import os; from uuid import uuid4; from tests import chance; chance.drawn_for('x')\n"
        "if os.fork() == 0: print(uuid4()); os._exit(0)\n"
        "os.wait(); print(uuid4())"
    )
    done = subprocess.run(
        [sys.executable, "-uc", program], capture_output=True, text=True, timeout=60, check=True
    )
    child, parent = done.stdout.split()
    assert child != parent
