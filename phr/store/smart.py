"""Apps and what was issued to them: found by hashes, changed so that each code, refresh token and assertion counts once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select, update

from phr.store.tables import SmartAsked, SmartAssertion, SmartClient, SmartGrant, SmartKey, SmartToken

_REPLAYS: Final = timedelta(days=1)
"""How long a code that is over is still known for what it was."""


class Smart:
    """Apps, grants, tokens, assertions and keys."""

    def __init__(self, session: Session) -> None:
        self._session = session

    # Apps

    def add_client(self, row: SmartClient) -> bool:
        """Registers an app; tells whether its id was free."""
        values = row.model_dump()
        statement = insert(SmartClient).values(**values).on_conflict_do_nothing()
        return self._session.execute(statement.returning(col(SmartClient.client_id))).first() is not None

    def change_client(self, client: str, **values: object) -> bool:
        """Changes an app; tells whether there is one."""
        done: Any = self._session.execute(
            update(SmartClient).where(col(SmartClient.client_id) == client).values(**values)
        )
        return bool(done.rowcount == 1)

    def client(self, client: str) -> SmartClient | None:
        """An app, also a disabled one."""
        return self._session.get(SmartClient, client)

    def clients(self) -> Sequence[SmartClient]:
        """Every app that this context sees, by name."""
        return self._session.exec(select(SmartClient).order_by(SmartClient.name, SmartClient.client_id)).all()

    def users(self, now: datetime) -> dict[str, int]:
        """How many people let each app do something now."""
        rows = self._session.exec(
            select(SmartGrant.client_id, func.count(func.distinct(SmartGrant.person_id)))
            .where(col(SmartGrant.revoked_at).is_(None), col(SmartGrant.ends_at) > now)
            .group_by(SmartGrant.client_id)
        )
        return {client: int(number) for client, number in rows}

    # What an app asked for

    def ask(self, row: SmartAsked) -> None:
        """Keeps what an app asked for."""
        self._session.add(row)
        self._session.flush()

    def asked(self, asked_hash: str, now: datetime) -> bytes | None:
        """What is kept under a word, while it lives."""
        row = self._session.get(SmartAsked, asked_hash)
        return row.sealed if row is not None and row.expires_at > now else None

    def answered(self, asked_hash: str) -> bool:
        """Forgets it; tells whether this was the one answer."""
        done: Any = self._session.execute(delete(SmartAsked).where(col(SmartAsked.asked_hash) == asked_hash))
        return bool(done.rowcount == 1)

    # What people let apps do

    def let(self, row: SmartGrant) -> None:
        """A person lets an app do something."""
        self._session.add(row)
        self._session.flush()

    def grant(self, person: UUID, grant: UUID) -> SmartGrant | None:
        """One grant."""
        return self._session.get(SmartGrant, (person, grant))

    def grants(self, person: UUID) -> Sequence[SmartGrant]:
        """All grants about a person, the newest first."""
        query = select(SmartGrant).where(SmartGrant.person_id == person)
        return self._session.exec(query.order_by(col(SmartGrant.granted_at).desc())).all()

    def decided_by(self, guardian: UUID) -> Sequence[SmartGrant]:
        """All grants that somebody decided for others, the newest first."""
        query = select(SmartGrant).where(SmartGrant.guardian_id == guardian)
        return self._session.exec(query.order_by(col(SmartGrant.granted_at).desc())).all()

    def used(self, person: UUID, grant: UUID, now: datetime) -> None:
        """Notes that an app used what it was given."""
        self._session.execute(
            update(SmartGrant)
            .where(col(SmartGrant.person_id) == person, col(SmartGrant.grant_id) == grant)
            .values(used_at=now)
        )

    def end(self, person: UUID, grant: UUID, now: datetime, reason: str) -> bool:
        """Ends a grant and all that was issued for it; tells whether it was live."""
        done: Any = self._session.execute(
            update(SmartGrant)
            .where(
                col(SmartGrant.person_id) == person,
                col(SmartGrant.grant_id) == grant,
                col(SmartGrant.revoked_at).is_(None),
            )
            .values(revoked_at=now, reason=reason)
        )
        self._session.execute(
            update(SmartToken)
            .where(col(SmartToken.grant_id) == grant, col(SmartToken.revoked_at).is_(None))
            .values(revoked_at=now)
        )
        return bool(done.rowcount == 1)

    # Codes and tokens

    def issue(self, row: SmartToken) -> None:
        """Issues a code or a token."""
        self._session.add(row)
        self._session.flush()

    def token(self, token_hash: str, *, lock: bool = False) -> SmartToken | None:
        """What was issued under a hash, alive or not. lock: nobody else uses it until this transaction is over."""
        query = select(SmartToken).where(SmartToken.token_hash == token_hash)
        return self._session.exec(query.with_for_update() if lock else query).one_or_none()

    def spend(self, token_hash: str, now: datetime) -> None:
        """Notes that a code or a refresh token was used."""
        self._session.execute(
            update(SmartToken).where(col(SmartToken.token_hash) == token_hash).values(used_at=now)
        )

    def revoke(self, token_hash: str, now: datetime) -> None:
        """Ends one token."""
        self._session.execute(
            update(SmartToken)
            .where(col(SmartToken.token_hash) == token_hash, col(SmartToken.revoked_at).is_(None))
            .values(revoked_at=now)
        )

    def once(self, row: SmartAssertion) -> bool:
        """Notes an assertion; tells whether it was new."""
        statement = insert(SmartAssertion).values(**row.model_dump()).on_conflict_do_nothing()
        return self._session.execute(statement.returning(col(SmartAssertion.jti_hash))).first() is not None

    def sweep(self, now: datetime) -> int:
        """Forgets what is over. A used code or token is kept until its own end, so that a replay is known for one."""
        gone = 0
        for statement in (
            delete(SmartAsked).where(col(SmartAsked.expires_at) <= now),
            delete(SmartAssertion).where(col(SmartAssertion.expires_at) <= now),
            delete(SmartToken).where(col(SmartToken.expires_at) <= now - _REPLAYS),
        ):
            done: Any = self._session.execute(statement)
            gone += int(done.rowcount)
        return gone

    # Keys

    def signing_keys(self) -> Sequence[SmartKey]:
        """The keys, the newest first."""
        return self._session.exec(select(SmartKey).order_by(col(SmartKey.created_at).desc())).all()

    def add_key(self, row: SmartKey) -> None:
        """A new key."""
        self._session.add(row)
        self._session.flush()

    def drop_key(self, kid: str) -> None:
        """Forgets a key: what it signed is refused from now on."""
        self._session.execute(delete(SmartKey).where(col(SmartKey.kid) == kid))
