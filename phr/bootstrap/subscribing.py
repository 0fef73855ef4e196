"""Subscriptions: the desk, the numbering of what happened, and the way to the subscribers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from phr.bootstrap.core import Core
from phr.clients.resthook import HookGone, HookRefused, RestHook
from phr.domain.fhirsearch import matches
from phr.domain.keys import derive
from phr.domain.sealing import Box
from phr.domain.smart.scopes import admits, split, within
from phr.domain.smart.tokens import APP
from phr.errors import Invalid
from phr.ids import new_id
from phr.services.deliver import OnHoldError, TryLaterError
from phr.services.smart.standing import standing
from phr.services.smart.words import signing_in
from phr.services.subscriptions import Desk, Numbering, Rights, Telling
from phr.services.subscriptions.telling import Failed, Gone, Waits
from phr.store.tables import Outbox, Subscription

_ZONE: Final = ZoneInfo("UTC")  # no constraint of a scope asks for a time
_TURN: Final = timedelta(seconds=5)


class Subscribing(Core):
    """Subscriptions."""

    @cached_property
    def rest_hook(self) -> RestHook:
        """Posts to receivers; to those on this machine only where residents reach the service on it too."""
        return RestHook(local=self.settings.on_loopback)

    @cached_property
    def subscription_rights(self) -> Rights:
        """Whether a subscriber may still be told."""
        return Rights(self.store, self.settings.tz, self._app_acts, _admitted)

    def _app_acts(self, row: Subscription, request: str) -> bool:
        """Whether an app still may what it could when it subscribed: it is not disabled, and what its person let it do
        then is still let; or its organisation and purpose are still those.
        """
        name = row.client.removeprefix(APP)
        with self.store.begin(signing_in(request)) as uow:
            client = uow.smart.client(name)
            grants = [one for one in uow.smart.grants(row.person_id) if one.client_id == name]
            held = [standing(uow, one, self.clock.now(), request) for one in grants]
            uow.commit()
        if client is None or client.disabled:
            return False
        if row.role != "resident":
            return client.backend and (client.recipient, client.purpose) == (row.recipient, row.purpose)
        return any(
            (one.recipient, one.purpose) == (row.recipient, row.purpose)
            and within(row.scope, one.grant.scope)
            for one in held
            if one is not None
        )

    @cached_property
    def _subscription_box(self) -> Box:
        return Box([derive(secret, "subscription-header") for secret in self.secrets])

    @cached_property
    def subscriptions(self) -> Desk:
        """Asking to be told."""
        return Desk(
            self.store,
            self.clock,
            self._subscription_box,
            self.subscription_rights,
            self._fhir_base,
            local=self.settings.on_loopback,
        )

    @property
    def _fhir_base(self) -> str:
        return f"{self.settings.base_url.rstrip('/')}/fhir"

    @cached_property
    def numbering(self) -> Numbering:
        """Numbering what happened."""
        return Numbering(self.store, self.clock, self.settings.recipient, self.subscription_rights)

    def subscription_letters(self, letters: Sequence[Outbox]) -> list[str | Exception]:
        """How the outbox tells subscribers."""
        telling = Telling(
            self.store,
            self.clock,
            self.settings.recipient,
            self.subscription_rights,
            self._subscription_box,
            self._fhir_base,
            self._post_hook,
        )
        return [_outcome(one) for one in telling(letters, request=f"worker-{new_id()}")]

    def _post_hook(self, url: str, headers: Mapping[str, str], body: bytes, seconds: float) -> int:
        try:
            return self.rest_hook.post(url, headers, body, seconds)
        except HookGone as gone:
            raise Gone(str(gone)) from None
        except HookRefused as refused:
            raise Failed(str(refused), refused.after) from None


def _outcome(one: str | Exception) -> str | Exception:
    """What the outbox understands: a receipt, a later attempt, or waiting for its turn."""
    if isinstance(one, Failed):
        return TryLaterError(str(one), timedelta(seconds=one.after) if one.after else None)
    return OnHoldError(str(one), _TURN) if isinstance(one, Waits) else one


def _admitted(scope: str, kind: str, resource: dict[str, Any]) -> bool:
    """Whether scopes let a resource be read, as far as its codes and categories say; what is not known is not met."""
    granted, _others = split(scope)
    return admits(granted, kind, "r", resource, _met)


def _met(kind: str, name: str, value: str, resource: Mapping[str, Any]) -> bool:
    try:
        return matches(kind, urlencode([(name, value)]), resource, _ZONE)
    except Invalid:
        return False
