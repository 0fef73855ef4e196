"""The grants of OAuth 2.0 as Authlib has them, and what is stricter here.

A code burns with its first try, S256 is the only proof key, refresh tokens rotate and a used one ends everything, and
what a person let an app do is asked anew each time.
"""

from __future__ import annotations

from typing import Any, Final

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, InvalidScopeError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, ClientCredentialsGrant, RefreshTokenGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7636.challenge import compare_s256_code_challenge

from phr.domain.smart import scopes, tokens
from phr.errors import Invalid
from phr.services.smart.protocol import Client, Desk, Request, Server
from phr.services.smart.standing import Standing, standing
from phr.store.tables import SmartToken


def opened(desk: Desk) -> Server:
    """The authorization server of one transaction, with everything that it grants."""
    server = Server(desk)
    server.register_grant(CodeGrant, [S256()])
    server.register_grant(Refresh)
    server.register_grant(Backend)
    return server


class S256(CodeChallenge):  # type: ignore[misc]  # authlib has no types
    """Proof key for code exchange, of every app and with SHA-256 only."""

    SUPPORTED_CODE_CHALLENGE_METHOD: Final = ["S256"]
    CODE_CHALLENGE_METHODS: Final = {"S256": compare_s256_code_challenge}

    def validate_code_challenge(self, grant: CodeGrant, redirect_uri: str) -> None:
        """Both the challenge and its method must be there."""
        data = grant.request.payload.data
        if not data.get("code_challenge") or data.get("code_challenge_method") != "S256":
            raise InvalidRequestError
        super().validate_code_challenge(grant, redirect_uri)

    def validate_code_verifier(self, grant: CodeGrant, result: Any) -> None:
        """The verifier belongs to the challenge, whatever kind of app it is."""
        if not grant.request.form.get("code_verifier"):
            raise InvalidRequestError
        super().validate_code_verifier(grant, result)

    def get_authorization_code_challenge_method(self, _code: Issued) -> str:
        """The only one."""
        return "S256"


class Issued:
    """A code or a refresh token, as Authlib asks for it."""

    def __init__(self, row: SmartToken) -> None:
        self.row = row
        self.code_challenge = row.challenge

    def get_redirect_uri(self) -> str:
        """Where the code was sent."""
        return self.row.redirect_uri

    def get_scope(self) -> str:
        """What it is for."""
        return self.row.scope

    def check_client(self, client: Client) -> bool:
        """Whether it is this app's."""
        return self.row.client_id == client.client_id


class _Standing:
    """What the two grants of residents' apps share: whether the person's word still holds."""

    server: Server

    def _stands(self, issued: Issued) -> Standing:
        desk, row = self.server.desk, issued.row
        grant = None
        if row.person_id is not None and row.grant_id is not None:
            grant = desk.uow.smart.grant(row.person_id, row.grant_id)
        found = standing(desk.uow, grant, desk.now, desk.request)
        if found is None:
            raise InvalidGrantError
        desk.uow.smart.used(found.grant.person_id, found.grant.grant_id, desk.now)
        return found

    def _over(self, row: SmartToken, reason: str) -> None:
        """Somebody else holds what was issued: everything that rests on it ends."""
        if row.person_id is not None and row.grant_id is not None:
            desk = self.server.desk
            if desk.uow.smart.end(row.person_id, row.grant_id, desk.now, reason):
                desk.uow.audit.add("revoke", "app", row.person_id, reason=reason)


class CodeGrant(_Standing, AuthorizationCodeGrant):  # type: ignore[misc]  # as above
    """A person sends a code to an app; the app fetches its tokens with it, once."""

    TOKEN_ENDPOINT_AUTH_METHODS: Final = ["private_key_jwt", "client_secret_basic", "none"]

    def validate_authorization_request(self) -> str:
        """What SMART asks for beyond OAuth: state, and the FHIR server as audience."""
        back: str = super().validate_authorization_request()
        data = self.request.payload.data
        if not data.get("state") or data.get("aud", "").removesuffix("/") != self.server.desk.place.fhir:
            raise InvalidRequestError(redirect_uri=back)
        return back

    def generate_authorization_code(self) -> str:
        """A new code."""
        return tokens.new("code")

    def save_authorization_code(self, code: str, request: Request) -> None:
        """Keeps the code with what the person agreed to."""
        desk = self.server.desk
        decided, data = desk.decided, request.payload.data
        if decided is None:
            raise InvalidGrantError
        grant = decided.grant
        desk.uow.smart.issue(
            SmartToken(
                token_hash=tokens.kept(code),
                kind="code",
                client_id=request.client.client_id,
                person_id=grant.person_id,
                grant_id=grant.grant_id,
                guardian_id=grant.guardian_id,
                scope=grant.scope,
                issued_at=desk.now,
                expires_at=desk.now + tokens.LIFE["code"],
                redirect_uri=data["redirect_uri"],
                challenge=data["code_challenge"],
                nonce=data.get("nonce", "")[:255],
            )
        )

    def query_authorization_code(self, code: str, client: Client) -> Issued | None:
        """The code, while it lives; it burns with the first try, and a second try ends what the first one gave."""
        smart, now = self.server.desk.uow.smart, self.server.desk.now
        row = smart.token(tokens.kept(code), lock=True)
        if row is None or row.kind != "code" or row.client_id != client.client_id:
            return None
        if row.used_at is not None:
            self._over(row, "replayed")
            return None
        smart.spend(row.token_hash, now)
        return Issued(row) if row.expires_at > now and row.revoked_at is None else None

    def delete_authorization_code(self, _code: Issued) -> None:
        """It was used up when it was read, and is kept so that a second try is known for what it is."""

    def authenticate_user(self, authorization_code: Issued) -> Standing:
        """Whose data."""
        return self._stands(authorization_code)

    def create_token_response(self) -> Any:
        """The tokens, and who the person is where that was granted."""
        status, token, headers = super().create_token_response()
        desk, granted = self.server.desk, token["scope"].split()
        if scopes.OPENID in granted and desk.id_token is not None:
            token["id_token"] = desk.id_token(self.request.authorization_code.row, self.request.user)
        return status, token, headers


class Refresh(_Standing, RefreshTokenGrant):  # type: ignore[misc]  # as above
    """New tokens for old ones, while the person's word holds."""

    TOKEN_ENDPOINT_AUTH_METHODS: Final = CodeGrant.TOKEN_ENDPOINT_AUTH_METHODS
    INCLUDE_NEW_REFRESH_TOKEN: Final = True

    def authenticate_refresh_token(self, refresh_token: str) -> Issued | None:
        """The token, while it lives and was not used; one used before is in other hands, and everything ends."""
        desk = self.server.desk
        row = desk.uow.smart.token(tokens.kept(refresh_token), lock=True)
        if row is None or row.kind != "refresh" or row.client_id != self.request.client.client_id:
            return None
        if row.used_at is not None and desk.now - row.used_at > tokens.TOGETHER:
            self._over(row, "reused")
        alive = row.used_at is None and row.revoked_at is None and row.expires_at > desk.now
        return Issued(row) if alive else None

    def _validate_token_scope(self, token: Issued) -> None:
        """Narrower or the same; never wider, whatever it is called."""
        asked = self.request.payload.scope
        try:
            if asked and not scopes.within(asked, token.get_scope()):
                raise InvalidScopeError
        except Invalid as error:
            raise InvalidScopeError from error

    def authenticate_user(self, refresh_token: Issued) -> Standing:
        """Whose data."""
        return self._stands(refresh_token)

    def revoke_old_credential(self, refresh_token: Issued) -> None:
        """A refresh token works once."""
        self.server.desk.uow.smart.spend(refresh_token.row.token_hash, self.server.desk.now)


class Backend(ClientCredentialsGrant):  # type: ignore[misc]  # as above
    """A token for an organisation's program, which nobody sits in front of."""

    TOKEN_ENDPOINT_AUTH_METHODS: Final = ["private_key_jwt"]

    def validate_requested_scope(self) -> None:
        """What is granted of what was asked for; nothing is an error, not an empty token."""
        try:
            given = scopes.narrowed(
                self.request.payload.scope or "", self.request.client.row.scope, ("system",)
            )
        except Invalid as error:
            raise InvalidScopeError from error
        if not given:
            raise InvalidScopeError
        self.request.scope = given

    def generate_token(self, **more: Any) -> Any:
        """For what was granted."""
        return super().generate_token(**{**more, "scope": self.request.scope})
