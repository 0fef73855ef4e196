"""How people sign in: sessions, factors, passkeys and the city's common ID."""

from __future__ import annotations

from functools import cached_property

from phr.bootstrap.core import Core
from phr.clients.openid import OpenId
from phr.domain.keys import derive
from phr.domain.sealing import Box
from phr.services.accounts import Accounts, CommonId, Factors, Passkeys


class SignIn(Core):
    """Signing in."""

    @cached_property
    def accounts(self) -> Accounts:
        """Sessions, links and tokens."""
        s = self.settings
        return Accounts(self.store, self.clock, s.session_minutes, second_factor=s.two_factors)

    @cached_property
    def factors(self) -> Factors:
        """Passphrases, authenticators and recovery codes."""
        return Factors(self.store, self.clock, self._factor_box, self._service_name)

    @cached_property
    def passkeys(self) -> Passkeys:
        """Passkeys."""
        s = self.settings
        return Passkeys(self.store, self.clock, self._factor_box, s.base_url, self._service_name)

    @cached_property
    def common_id(self) -> CommonId:
        """The city's common ID."""
        provider = OpenId(self.settings, self.clock)
        self.closing.callback(provider.close)
        return CommonId(self.store, self.clock, self._factor_box, provider)

    @cached_property
    def _factor_box(self) -> Box:
        return Box([derive(secret, "factors") for secret in self.secrets])

    @property
    def _service_name(self) -> str:
        return f"からだ手帳 {self.settings.city}"
