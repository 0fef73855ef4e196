"""Apps: the authorization server, its keys, and how an app's token becomes a caller."""

from __future__ import annotations

from functools import cached_property

from phr.bootstrap.core import Core
from phr.clients.jwks import PublishedKeys, public_address
from phr.domain.keys import derive
from phr.domain.sealing import Box
from phr.services.accounts import Caller
from phr.services.smart import AppCallers, Apps, Asking, Clients, Endpoints, Place, SigningKeys


class SmartApps(Core):
    """SMART App Launch."""

    @cached_property
    def smart_place(self) -> Place:
        """The addresses of the authorization server."""
        return Place(self.settings.base_url.rstrip("/"))

    @cached_property
    def smart_clients(self) -> Clients:
        """Registered apps."""
        return Clients(self.store, self.clock, self.settings.recipient, public_address)

    @cached_property
    def smart_asking(self) -> Asking:
        """What apps ask people for."""
        return Asking(self.store, self.clock, self._smart_box, self.smart_place)

    @cached_property
    def smart_endpoints(self) -> Endpoints:
        """What apps call themselves."""
        published = PublishedKeys(self.clock)
        self.closing.callback(published.close)
        return Endpoints(self.store, self.clock, self.smart_place, published, self.smart_keys)

    @cached_property
    def smart_keys(self) -> SigningKeys:
        """Keys that sign ID tokens."""
        subjects = self.lasting_key("smart-subject")
        return SigningKeys(self.store, self.clock, self._smart_box, self.smart_place, subjects)

    @cached_property
    def smart_apps(self) -> Apps:
        """The apps that a person let in."""
        return Apps(self.store, self.clock)

    @cached_property
    def _app_callers(self) -> AppCallers:
        return AppCallers(self.store, self.clock)

    def app_caller(self, secret: str, request: str) -> Caller | None:
        """Who holds an app's access token: the person who let it in, or its organisation."""
        found = self._app_callers.caller(secret, request)
        if found is None:
            return None
        return Caller(
            found.account,
            found.subject,
            found.role,
            found.person,
            found.recipient,
            found.name,
            found.purpose,
            found.scope,
            csrf="",
            agent=found.agent,
        )

    @cached_property
    def _smart_box(self) -> Box:
        return Box([derive(secret, "smart") for secret in self.secrets])
