"""How data comes in: connections, files and cards."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from phr.web.ports.session import Session
from phr.web.views.cards import Cards
from phr.web.views.connect import Connect
from phr.web.views.uploads import Uploads


class ConnectPages(Protocol):
    """What a resident sees and does with a connection to a data cloud."""

    def connection(self, session: Session, notice: str) -> Connect:
        """The connection as it stands, and what was not taken in; ``notice`` says what just happened."""
        ...

    def connect(self, session: Session) -> str:
        """Where to send the person. NotAllowed (no-consent), Refused (not set up), Busy."""
        ...

    def connected(self, session: Session, state: str, code: str) -> str:
        """Take the person back: connected or partly. NotAllowed (attempt, scopes, no-consent), Refused, Busy."""
        ...

    def disconnect(self, session: Session) -> None:
        """End the connection now; what it brought stays."""
        ...


@dataclass(frozen=True, slots=True)
class Coming:
    """A file that a resident sends: how much of it is here, its state and what is wrong (sentences "upload-error")."""

    ident: str
    size: int
    received: int
    state: str
    error: str = ""


class Piece(Protocol):
    """A piece of a file while it arrives."""

    def write(self, data: bytes) -> None:
        """Append. Refused when more comes than was announced, or there is no room."""
        ...

    def check(self, digest: str) -> None:
        """Refused, and the piece forgotten, when its SHA-256 is another one."""
        ...


class UploadPages(Protocol):
    """What a resident sees and does with files. NotFound for an id that is not theirs."""

    def uploads(self, session: Session, notice: str, *, again: bool = False) -> Uploads:
        """The own files; ``again`` when the page only looks how far they are."""
        ...

    def upload_begin(
        self, session: Session, name: str, size: int, *, fingerprint: str = "", digest: str = ""
    ) -> Coming:
        """Announce a file, or find the unfinished one. NotAllowed (no-consent), Refused with its ``word``."""
        ...

    def upload_state(self, session: Session, ident: str) -> Coming:
        """How far a file has come."""
        ...

    def upload_part(
        self, session: Session, ident: str, offset: int, *, all_or_nothing: bool = False
    ) -> AbstractContextManager[Piece]:
        """A place to write the next piece to. Refused with its ``word``; Conflict when it was ended meanwhile."""
        ...

    def upload_finish(self, session: Session, ident: str, *, whole: bool = False) -> Coming:
        """What follows a piece: a complete file waits to be read. Refused with its ``word``."""
        ...

    def upload_end(self, session: Session, ident: str) -> None:
        """End a file at once and delete it."""
        ...


class CardPages(Protocol):
    """What a resident sees and does with cards for shared gateway boxes."""

    def cards(self, session: Session, notice: str) -> Cards:
        """The own cards that work."""
        ...

    def new_card(self, session: Session, label: str) -> Cards:
        """The same with a new card, whose code is shown this once."""
        ...

    def end_card(self, session: Session, card: str) -> None:
        """End a card now. NotFound when it is not theirs or has ended."""
        ...
