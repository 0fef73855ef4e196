"""Passkeys (WebAuthn): registered by who is signed in, and signing in by themselves; a challenge is good once."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import webauthn
from webauthn.helpers import base64url_to_bytes, options_to_json_dict, parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from phr.clock import Clock
from phr.domain.sealing import Box
from phr.errors import Invalid, Refused
from phr.ids import new_id
from phr.services.accounts.words import mark_of, signing_in
from phr.store.tables import Account, AccountFactor
from phr.store.uow import Store

_LIFE: Final = timedelta(minutes=5)
_MOST: Final = 10  # passkeys of one account
_VERIFIED: Final = (
    UserVerificationRequirement.REQUIRED
)  # with it a passkey is both: something had, and a body or a PIN


class Passkeys:
    """Registers and checks passkeys for one address."""

    def __init__(self, store: Store, clock: Clock, box: Box, base_url: str, service: str) -> None:
        parts = urlsplit(base_url)
        self._store = store
        self._clock = clock
        self._box = box
        self._service = service
        self._host = parts.hostname or ""
        self._origin = f"{parts.scheme}://{parts.netloc}"

    @property
    def offered(self) -> bool:
        """Browsers make passkeys for names only, never for a numeric address."""
        return self._host == "localhost" or any(sign.isalpha() for sign in self._host)

    def ask_new(self, account: UUID, subject: str, display: str, request: str) -> tuple[dict[str, Any], str]:
        """What the browser needs to make a passkey, and the word that brings it back to this attempt."""
        self._only_if_offered()
        with self._store.begin(signing_in(request)) as uow:
            known = uow.signin.factors(account, "passkey")
            uow.commit()
        if len(known) >= _MOST:
            raise Refused("enough passkeys")
        options = webauthn.generate_registration_options(
            rp_id=self._host,
            rp_name=self._service,
            user_id=account.bytes,
            user_name=subject,
            user_display_name=display or subject,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_VERIFIED
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(one.handle) for one in known],
        )
        return options_to_json_dict(options), self._keep(
            "passkey-new", options.challenge, str(account), request
        )

    def take_new(
        self, account: UUID, word: str, credential: dict[str, Any], label: str, request: str
    ) -> None:
        """Keeps a new passkey. Raises Invalid (field credential)."""
        challenge = self._taken("passkey-new", word, str(account), request)
        try:
            made = webauthn.verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, TypeError, KeyError) as error:
            raise Invalid("is no passkey for this attempt", field="credential") from error
        now = self._clock.now()
        with self._store.begin(signing_in(request)) as uow:
            if uow.signin.by_handle("passkey", made.credential_id) is not None:
                raise Invalid("is known already", field="credential")
            uow.signin.add(
                AccountFactor(
                    factor_id=new_id(),
                    account_id=account,
                    kind="passkey",
                    label=label[:60],
                    handle=made.credential_id,
                    material=made.credential_public_key,
                    counter=made.sign_count,
                    created_at=now,
                )
            )
            uow.audit.add("factor", "passkey")
            uow.commit()

    def ask(self, request: str) -> tuple[dict[str, Any], str]:
        """What the browser needs to sign in with any passkey of this address."""
        self._only_if_offered()
        options = webauthn.generate_authentication_options(rp_id=self._host, user_verification=_VERIFIED)
        return options_to_json_dict(options), self._keep("passkey", options.challenge, "", request)

    def take(self, word: str, credential: dict[str, Any], request: str) -> Account:
        """The account that a passkey speaks for. Raises Invalid (field credential), whatever is wrong."""
        challenge = self._taken("passkey", word, "", request)
        wrong = Invalid("is no passkey of this service", field="credential")
        try:
            handle = base64url_to_bytes(str(credential["id"]))
            parse_authentication_credential_json(credential)
        except (WebAuthnException, ValueError, TypeError, KeyError) as error:
            raise wrong from error
        now = self._clock.now()
        with self._store.begin(signing_in(request)) as uow:
            factor = uow.signin.by_handle("passkey", handle)
            account = None if factor is None else uow.accounts.get(factor.account_id)
            if factor is None or account is None or account.disabled:
                uow.audit.add("sign-in", "passkey", outcome="refused", reason="unknown")
                uow.commit()
                raise wrong
            try:
                proved = webauthn.verify_authentication_response(
                    credential=credential,
                    expected_challenge=challenge,
                    expected_rp_id=self._host,
                    expected_origin=self._origin,
                    credential_public_key=factor.material,
                    credential_current_sign_count=factor.counter,
                    require_user_verification=True,
                )
            except (WebAuthnException, ValueError, TypeError, KeyError) as error:
                uow.audit.add("sign-in", "passkey", outcome="refused", reason="wrong")
                uow.commit()
                raise wrong from error
            uow.signin.used(factor.factor_id, proved.new_sign_count, now, beyond=False)
            uow.audit.add("factor-used", "passkey")
            uow.commit()
            return account

    def _only_if_offered(self) -> None:
        if not self.offered:
            raise Refused("passkeys need a name as address")

    def _keep(self, kind: str, challenge: bytes, about: str, request: str) -> str:
        word = secrets.token_urlsafe(32)
        with self._store.begin(signing_in(request)) as uow:
            sealed = self._box.seal(challenge, f"{kind}:{about}")
            uow.signin.begin(mark_of(word), kind, sealed, self._clock.now() + _LIFE)
            uow.commit()
        return word

    def _taken(self, kind: str, word: str, about: str, request: str) -> bytes:
        with self._store.begin(signing_in(request)) as uow:
            sealed = uow.signin.take(mark_of(word), kind, self._clock.now())
            uow.commit()
        if sealed is None:
            raise Invalid("the attempt is over; begin again", field="credential")
        return self._box.open(sealed, f"{kind}:{about}")
