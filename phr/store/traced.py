"""The store with a span around each transaction: who asks by role, and for which reason; never about whom."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from phr import tracing
from phr.domain.access import Access
from phr.store.together import Together
from phr.store.uow import UnitOfWork


class Traced(Together):
    """Used in place of Together where spans are made."""

    @contextmanager
    def begin(self, access: Access, **more: Any) -> Iterator[UnitOfWork]:
        """As Store."""
        with (
            tracing.span("transaction", phr__role=access.role, phr__purpose=access.purpose),
            super().begin(access, **more) as uow,
        ):
            yield uow
