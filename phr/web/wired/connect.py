"""The page of connections: the resident's own connection to a data cloud, and what was turned away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, cast
from urllib.parse import urlsplit

from consent.categories import CATEGORIES
from phr.web.ports import Session
from phr.web.sessions import held
from phr.web.views.connect import Connect, State, TurnedAway
from phr.web.wired.parts import Area, together

_OURS: Final = frozenset({"scope-missing", "refused", "bad-payload", "not-asked-for"})
"""What a reading says about itself and not about a measurement."""


class Connections(Area):
    """A resident's connection to Google Health."""

    @together
    def connection(self, session: Session, notice: str) -> Connect:
        """The connection as it stands."""
        one = held(session)
        found = self._system.connections.shown(one.person, actor=one.subject, request=one.request)
        again = found.state == "needs-reconnect" and found.last_error == "consent-again"
        where = urlsplit(self._parts.settings.google_auth_url)
        return Connect(
            ready=found.ready,
            state="consent-again" if again else cast("State", found.state),
            wanted=_in_order(found.wanted),
            granted=_in_order(found.granted),
            connected_at=found.connected_at,
            last_success_at=found.last_success_at,
            received=found.received,
            trouble=found.last_error if found.state == "connected" else "",
            turned_away=tuple(_turned_away(found.refused)),
            notice=notice,
            elsewhere=f"{where.scheme}://{where.netloc}" if found.ready else "",
        )

    def connect(self, session: Session) -> str:
        """Where to send the person; what comes back counts for this session only."""
        one = held(session)
        return self._system.connections.begin(one.person, one.secret, actor=one.subject, request=one.request)

    def connected(self, session: Session, state: str, code: str) -> str:
        """Takes the person back; gives a word of sentences "connect-notice"."""
        one = held(session)
        return self._system.connections.finish(
            one.person, one.secret, state, code, actor=one.subject, request=one.request
        )

    def disconnect(self, session: Session) -> None:
        """Ends the connection now."""
        one = held(session)
        self._system.connections.disconnect(one.person, actor=one.subject, request=one.request)


def _in_order(categories: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(categories, key=list(CATEGORIES).index))


def _turned_away(rows: Sequence[tuple[str, str, int]]) -> Iterable[TurnedAway]:
    """By reason, the most frequent first; the details of what nobody could read are for whoever mends it."""
    counts: Counter[tuple[str, str]] = Counter()
    for reason, detail, number in rows:
        if reason in _OURS:
            continue
        known = reason if reason in {"no-consent", "quarantined"} else "unreadable"
        counts[known, detail if known == "no-consent" and detail in CATEGORIES else ""] += number
    for (why, category), number in counts.most_common():
        yield TurnedAway(why, category, number)
