"""What staff see of imported check-ups."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from phr.web.ports.session import Session
from phr.web.views.imports import DifferenceLine, Imports


class ImportPages(Protocol):
    """What staff see of imported check-ups; each comparison is a read for the purpose guidance, and is audited."""

    def imports(self, session: Session, after: str) -> Imports:
        """The next differences between delivered judgements and ours. NotFound for a place that is none."""
        ...

    def all_differences(self, session: Session) -> Iterable[DifferenceLine]:
        """Every difference, for the file."""
        ...
