"""Watching over access: break-glass, unusual access, and the extract that a person takes away."""

from __future__ import annotations

from functools import cached_property
from typing import Any, cast

from phr.bootstrap.core import Core
from phr.services.accounts import Factors
from phr.services.break_glass import BreakGlass
from phr.services.unusual import Unusual


class Watching(Core):
    """The use cases that watch over access."""

    @cached_property
    def break_glass(self) -> BreakGlass:
        """Records opened without consent."""
        return BreakGlass(self.store, self.clock, self.settings.tz, self._proved)

    def _proved(self, subject: str, passphrase: str, code: str, request: str) -> bool:
        """Both factors of a signed-in account, once more; failures count as at the door."""
        factors = cast("Factors", cast("Any", self).factors)
        account = factors.by_passphrase(subject, passphrase, request)
        return account is not None and factors.second(account.account_id, subject, code, request)

    @cached_property
    def unusual(self) -> Unusual:
        """Unusual access."""
        return Unusual(self.store, self.clock, self.settings.tz, self.settings.recipient)
