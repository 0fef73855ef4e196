"""What staff know and have: passphrases, authenticator codes and recovery codes, with pauses after failures."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from phr.clock import Clock
from phr.domain import passphrases
from phr.domain import signin as rules
from phr.domain.sealing import Box
from phr.errors import Busy, Conflict, Invalid, NotFound
from phr.ids import new_id
from phr.services.accounts.words import signing_in
from phr.store.tables import Account, AccountFactor
from phr.store.uow import Store, UnitOfWork

_SIGNS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: nothing that looks like something else
_CODES: Final = 10
_LENGTH: Final = 16  # 80 bits: a plain hash keeps them
_STEP: Final = 30
_WINDOW: Final = 1  # steps that a clock may be off


@dataclass(frozen=True, slots=True)
class Held:
    """What an account has: whether a passphrase and an authenticator are set, its passkeys, and codes left."""

    passphrase: bool
    totp: bool
    passkeys: tuple[tuple[UUID, str, datetime, datetime | None], ...]
    codes: int

    @property
    def second(self) -> bool:
        """Whether the account can prove itself a second time."""
        return self.totp or bool(self.passkeys)


class Factors:
    """Keeps and checks factors. Every failure counts against the account's name, known or not."""

    def __init__(
        self, store: Store, clock: Clock, box: Box, service: str, hasher: PasswordHasher | None = None
    ) -> None:
        self._store = store
        self._clock = clock
        self._box = box
        self._service = service
        self._hasher = hasher or PasswordHasher()  # argon2id with the library's present cost
        self._nobody = self._hasher.hash(secrets.token_urlsafe(16))

    def held(self, account: UUID, request: str) -> Held:
        """What an account has."""
        with self._store.begin(signing_in(request)) as uow:
            found = uow.signin.factors(account)
            uow.commit()
        return Held(
            any(one.kind == "passphrase" for one in found),
            any(one.kind == "totp" and one.confirmed for one in found),
            tuple(
                (one.factor_id, one.label, one.created_at, one.used_at)
                for one in found
                if one.kind == "passkey"
            ),
            sum(one.kind == "recovery" for one in found),
        )

    # Passphrases

    def set_passphrase(
        self, account: UUID, subject: str, text: str, request: str, *, current: str = ""
    ) -> None:
        """Sets a passphrase; who changes one shows the present one first (ASVS 6.2.3).

        Raises Invalid (field passphrase or current), and Busy while the account is locked.
        """
        kept = self._hasher.hash(passphrases.passphrase(text, subject, (self._service,)))
        now = self._clock.now()
        with self._store.begin(signing_in(request)) as uow:
            known = next(iter(uow.signin.factors(account, "passphrase")), None)
            if known is not None:
                name, failures = self._heard(uow, subject, now)
                right = self._fits(known.material.decode(), current)
                self._note(uow, name, failures, now, "passphrase", right=right)
                if not right:
                    uow.commit()
                    raise Invalid("is not the present passphrase", field="current")
            uow.signin.remove(account, kind="passphrase")
            uow.signin.add(self._factor(account, "passphrase", material=kept.encode()))
            uow.audit.add("factor", "passphrase")
            uow.commit()

    def by_passphrase(self, subject: str, text: str, request: str) -> Account | None:
        """The account that has this passphrase, or None. Raises Busy while it is locked."""
        now = self._clock.now()
        with self._store.begin(signing_in(request)) as uow:
            name, failures = self._heard(uow, subject, now)
            account = uow.accounts.by_subject(subject)
            live = None if account is None or account.disabled else account
            kept = [] if live is None else list(uow.signin.factors(live.account_id, "passphrase"))
            right = self._fits(kept[0].material.decode() if kept else self._nobody, text)
            if live is None or not kept or not right:
                uow.signin.failed(name, failures, now)
                uow.audit.add("sign-in", "passphrase", outcome="refused", reason="wrong")
                uow.commit()
                return None
            if self._hasher.check_needs_rehash(kept[0].material.decode()):
                kept[0].material = self._hasher.hash(passphrases.as_typed(text)).encode()
            uow.signin.succeeded(name)
            uow.commit()
            return live

    def _fits(self, kept: str, text: str) -> bool:
        try:
            return self._hasher.verify(kept, passphrases.as_typed(text)[:1000])
        except (Argon2Error, InvalidHashError):
            return False

    # Authenticator codes (RFC 6238) and recovery codes

    def offer_totp(self, account: UUID, subject: str, request: str) -> str:
        """A key as an otpauth address, to be confirmed with a code; the same until then. Conflict when one is in use."""
        about = f"totp:{account}"
        with self._store.begin(signing_in(request)) as uow:
            known = next(iter(uow.signin.factors(account, "totp")), None)
            if known is not None and known.confirmed:
                raise Conflict("an authenticator is in use")
            if known is None:
                key = pyotp.random_base32(32)
                uow.signin.add(
                    self._factor(
                        account, "totp", material=self._box.seal(key.encode(), about), confirmed=False
                    )
                )
            else:
                key = self._box.open(known.material, about).decode()
            uow.commit()
        return pyotp.TOTP(key).provisioning_uri(name=subject, issuer_name=self._service)

    def confirm_totp(self, account: UUID, subject: str, code: str, request: str) -> None:
        """Takes the offered key into use. Raises Invalid (field code), Busy while locked."""
        if not self._check_totp(account, subject, code, request, offered=True):
            raise Invalid("is not the code that the authenticator shows now", field="code")

    def second(self, account: UUID, subject: str, code: str, request: str) -> bool:
        """Whether a code proves the account a second time: from its authenticator, or a recovery code, used up."""
        typed = rules.code_typed(code)
        if len(typed) == _LENGTH:
            return self._recovery(account, subject, typed, request)
        return self._check_totp(account, subject, typed, request, offered=False)

    def _check_totp(self, account: UUID, subject: str, code: str, request: str, *, offered: bool) -> bool:
        now = self._clock.now()
        typed = rules.code_typed(code)
        with self._store.begin(signing_in(request)) as uow:
            name, failures = self._heard(uow, subject, now)
            factor = next(
                (one for one in uow.signin.factors(account, "totp") if one.confirmed != offered), None
            )
            step = 0 if factor is None else self._step(factor, typed, now)
            right = factor is not None and step > 0
            if factor is not None and right:
                if offered:
                    uow.signin.confirm(factor.factor_id, step, now)
                else:
                    right = uow.signin.used(factor.factor_id, step, now)  # a code is good once
            self._note(uow, name, failures, now, "totp", right=right)
            uow.commit()
        return right

    def _step(self, factor: AccountFactor, typed: str, now: datetime) -> int:
        """The time step whose code was typed, or 0."""
        clock = pyotp.TOTP(self._box.open(factor.material, f"totp:{factor.account_id}").decode())
        present = int(now.timestamp()) // _STEP
        for step in range(present - _WINDOW, present + _WINDOW + 1):
            if step > factor.counter and secrets.compare_digest(
                clock.generate_otp(step).encode(), typed.encode()
            ):
                return step
        return 0

    def new_codes(self, account: UUID, request: str) -> list[str]:
        """New recovery codes, shown this once; the old ones end."""
        codes = ["".join(secrets.choice(_SIGNS) for _ in range(_LENGTH)) for _ in range(_CODES)]
        with self._store.begin(signing_in(request)) as uow:
            uow.signin.remove(account, kind="recovery")
            for code in codes:
                uow.signin.add(self._factor(account, "recovery", handle=_digest(account, code)))
            uow.audit.add("factor", "recovery", count=len(codes))
            uow.commit()
        return ["-".join(code[at : at + 4] for at in range(0, _LENGTH, 4)) for code in codes]

    def _recovery(self, account: UUID, subject: str, typed: str, request: str) -> bool:
        now = self._clock.now()
        with self._store.begin(signing_in(request)) as uow:
            name, failures = self._heard(uow, subject, now)
            right = uow.signin.take_code(_digest(account, typed)) == account
            self._note(uow, name, failures, now, "recovery", right=right)
            uow.commit()
        return right

    def remove(self, account: UUID, factor: UUID, request: str) -> None:
        """Removes a passkey or the authenticator, but never the last way to prove the account a second time."""
        with self._store.begin(signing_in(request)) as uow:
            strong = [
                one
                for one in uow.signin.factors(account)
                if one.kind in ("totp", "passkey") and one.confirmed
            ]
            if [one.factor_id for one in strong] == [factor]:
                raise Conflict("the last second factor stays until there is another")
            if uow.signin.remove(account, factor=factor):
                uow.audit.add("factor", "removed")
            uow.commit()

    def reset(self, subject: str, request: str) -> None:
        """Removes every factor and pause of an account: an operator has seen the person. Raises NotFound."""
        with self._store.begin(signing_in(request)) as uow:
            account = uow.accounts.by_subject(subject)
            if account is None:
                raise NotFound("no such account")
            uow.signin.remove(account.account_id)
            uow.signin.succeeded(_name(subject))
            uow.audit.add("factor", "reset")
            uow.commit()

    # Pauses

    def _heard(self, uow: UnitOfWork, subject: str, now: datetime) -> tuple[str, int]:
        """The name under which failures count, and their number if this one fails too. Raises Busy while it waits."""
        name = _name(subject)
        known = uow.signin.failures(name)
        if known is None:
            return name, 1
        if now < rules.open_again(*known):
            uow.audit.add("sign-in", "locked", outcome="refused", reason="locked")
            uow.commit()
            raise Busy("too many failures in a row; try again later")
        return name, rules.after_failure(*known, now)

    def _note(
        self, uow: UnitOfWork, name: str, failures: int, now: datetime, what: str, *, right: bool
    ) -> None:
        if right:
            uow.signin.succeeded(name)
            uow.audit.add("factor-used", what)
        else:
            uow.signin.failed(name, failures, now)
            uow.audit.add("sign-in", what, outcome="refused", reason="wrong")

    def _factor(
        self, account: UUID, kind: str, *, handle: bytes = b"", material: bytes = b"", confirmed: bool = True
    ) -> AccountFactor:
        return AccountFactor(
            factor_id=new_id(),
            account_id=account,
            kind=kind,
            handle=handle,
            material=material,
            confirmed=confirmed,
            created_at=self._clock.now(),
        )


def _name(subject: str) -> str:
    return sha256(subject.casefold().encode()).hexdigest()


def _digest(account: UUID, code: str) -> bytes:
    return sha256(account.bytes + code.encode()).digest()
