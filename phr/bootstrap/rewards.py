"""Points that were earned: exchange, gifts, their end, closed years, goals and groups, joined to the ledger and to consents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from phr.bootstrap.core import Core
from phr.clients.ledger import LedgerClient, LedgerRefused, LedgerTrouble
from phr.clients.ledger_holders import asking, holders
from phr.domain.days import day_at
from phr.domain.exchange_paper import city_paper, own_paper
from phr.domain.expiry import rules_for
from phr.domain.points import lot_expiry
from phr.errors import Busy, Refused
from phr.services.rewards import Ending, Moves, Payout, Together, Wallets, Year
from phr.services.rewards.ending import lot_days

if TYPE_CHECKING:
    from phr.bootstrap import System


class Rewards(Core):
    """What becomes of points after they were earned."""

    @property
    def _whole(self) -> System:
        """The whole system has the ledger, the pseudonyms and the consents."""
        return cast("System", cast("Any", self))

    @cached_property
    def _points_ledger(self) -> LedgerClient:
        return self._whole.one_ledger

    @cached_property
    def moves(self) -> Moves:
        """Points on their way out of their lots."""
        s = self.settings
        return Moves(
            self.store, self.clock, s.tz, s.recipient, self._lots, self._whole.points.pseudonym, _asset
        )

    @cached_property
    def wallets(self) -> Wallets:
        """Where they go."""
        return Wallets(self.store, self.clock, self.settings.recipient, self.secrets)

    @cached_property
    def payout(self) -> Payout:
        """Files of the platform."""
        return Payout(self.store, self.settings.tz, self.settings.recipient, self.moves, self.wallets)

    @cached_property
    def lots_ending(self) -> Ending:
        """Points that end."""
        s, name = self.settings, self._whole.points.pseudonym
        return Ending(self.store, self.clock, s.tz, s.recipient, self.moves, self._holders, _lasts, name)

    @cached_property
    def points_year(self) -> Year:
        """Statements and closings."""
        s = self.settings
        return Year(
            self.store,
            self.clock,
            s.tz,
            s.recipient,
            (s.ledger_name, lambda: self._points_ledger),
            self._holders,
        )

    def points_paper(self, view: Any) -> bytes:
        """A resident's statement as PDF."""
        now = self.clock.now()
        return self._whole.press.pdf(
            "points-statement", own_paper(view, self.settings.city, day_at(now, self.settings.tz)), now
        )

    def city_paper(self, kept: Mapping[str, Any]) -> bytes:
        """The city's statement of a year as PDF."""
        return self._whole.press.pdf(
            "points-statement", city_paper(kept, self.settings.city), self.clock.now()
        )

    @cached_property
    def together(self) -> Together:
        """Goals and groups."""

        def record(person: UUID, resource: dict[str, Any], actor: str, request: str) -> str:
            made = self._whole.consents.record(
                person, resource, actor=actor, role="resident", request=request
            )
            return made.consent_id

        def withdraw(person: UUID, consent: str, actor: str, request: str) -> None:
            self._whole.consents.withdraw(person, consent, actor=actor, role="resident", request=request)

        s = self.settings
        return Together(self.store, self.clock, s.tz, s.recipient, record, withdraw)

    def _lots(self, person: UUID) -> Mapping[str, int]:
        """What the ledger holds in each lot of a person that can still be used."""
        today = day_at(self.clock.now(), self.settings.tz)
        name, asset = self._whole.points.pseudonym(person), _asset(today)
        days = [last.isoformat() for last in _lasts(today)]
        return {day: self._held(f"residents:{name}:lot:{day}", asset) for day in days}

    def _held(self, account: str, asset: str) -> int:
        try:
            return self._points_ledger.account(account).get(asset, 0)
        except LedgerRefused as refused:
            if refused.code == "NOT_FOUND":
                return 0
            raise Refused("the ledger refuses to answer") from None
        except LedgerTrouble:
            raise Busy("the ledger does not answer", after_seconds=60) from None

    def _holders(self, last: str) -> Iterator[tuple[str, int]]:
        """The pseudonyms that hold something in the lots of a day."""
        whole, today = self._whole, day_at(self.clock.now(), self.settings.tz)
        pattern = f"residents::lot:{last}"
        try:
            with asking(whole.ledger_token) as http:
                rows = holders(http, whole.ledger_url, self.settings.ledger_name, pattern, _asset(today))
                for account, held in rows:
                    yield account.split(":")[1], held
        except LedgerTrouble:
            raise Busy("the ledger does not answer", after_seconds=60) from None


def _lasts(today: date) -> list[date]:
    rules = rules_for(today)
    return lot_days(lambda day: lot_expiry(rules, day), today)


def _asset(today: date) -> str:
    """What points are called in the ledger."""
    return rules_for(today).asset
