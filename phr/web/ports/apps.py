"""What the pages of apps need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from phr.web.ports.session import Session
from phr.web.views.apps import AppAsks, AppList, AppRegister


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of an app's question: a word under which it waits, or an address of the app, or neither."""

    word: str = ""
    back: str = ""


@dataclass(frozen=True, slots=True)
class AppChoice:
    """What a person chose. person: whose record; lines and categories: what stays; period: sentences "app-period"."""

    person: str
    lines: tuple[str, ...]
    categories: tuple[str, ...]
    offline: bool
    identity: bool
    period: str


class AppPages(Protocol):
    """Apps that ask, that were let in, and that are registered."""

    def app_asks(self, fields: Sequence[tuple[str, str]]) -> Asked:
        """Take an app's question; it is checked, and nothing is shown of what does not hold."""
        ...

    def app_question(self, session: Session, word: str) -> AppAsks:
        """What the app asks for. NotFound when the question is over."""
        ...

    def app_allow(self, session: Session, word: str, choice: AppChoice) -> str:
        """Let it in; gives where to go. NotFound, Invalid (scope, period), Refused (shared device)."""
        ...

    def app_deny(self, session: Session, word: str) -> str:
        """Say no; gives where to go. NotFound."""
        ...

    def apps(self, session: Session) -> AppList:
        """The apps that were let in."""
        ...

    def app_end(self, session: Session, ident: str) -> None:
        """End one now. NotFound."""
        ...

    def app_register(self, session: Session) -> AppRegister:
        """Every registered app, for the operator."""
        ...
