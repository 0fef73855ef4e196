"""What the page of files receives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

UploadState = Literal["receiving", "waiting", "reading", "done", "failed"]


@dataclass(frozen=True, slots=True)
class UploadLine:
    """One file: how far it is, or what became of it.

    percent: of sending while it comes, of reading afterwards. error: sentences "upload-error". reasons: what was not
    taken in and why (sentences "upload-reason"), the most frequent first.
    """

    ident: str
    name: str
    size: int
    state: UploadState
    at: datetime
    percent: int = 0
    format: str = ""
    stored: int = 0
    repeated: int = 0
    documents: int = 0
    reasons: tuple[tuple[str, int], ...] = ()
    error: str = ""

    @property
    def open(self) -> bool:
        """Whether it is on its way."""
        return self.state in {"receiving", "waiting", "reading"}


@dataclass(frozen=True, slots=True)
class Uploads:
    """A person's files, newest first.

    allowed: something may be collected. largest: bytes of a file at most. formats: what can be read (sentences
    "upload-format"). notice: what just happened (sentences "upload-notice").
    """

    allowed: bool
    files: tuple[UploadLine, ...]
    largest: int
    formats: tuple[str, ...]
    notice: str = ""

    @property
    def busy(self) -> bool:
        """Whether something changes by itself, so that the page looks again."""
        return any(one.state in {"waiting", "reading"} for one in self.files)

    @property
    def coming(self) -> bool:
        """Whether a file is on its way to us."""
        return any(one.state == "receiving" for one in self.files)
