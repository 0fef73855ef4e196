"""What the authorization server says of itself: for SMART, for OpenID Connect and for OAuth (RFC 8414), from one table."""

from __future__ import annotations

from typing import Any, Final

import orjson
from fastapi import APIRouter, Request, Response

from phr.api.callers import system_of
from phr.domain.smart import scopes
from phr.domain.smart.assertions import ALGORITHMS
from phr.services.smart import Place
from phr.services.smart.keys import ALGORITHM

router = APIRouter()
MANAGE: Final = "/connect/apps"
"""The page where a resident sees and cuts what apps may do."""
CAPABILITIES: Final = (
    "launch-standalone",
    "client-public",
    "client-confidential-symmetric",
    "client-confidential-asymmetric",
    "sso-openid-connect",
    "context-standalone-patient",
    "permission-offline",
    "permission-online",
    "permission-patient",
    "permission-user",
    "permission-v1",
    "permission-v2",
    "authorize-post",
)
SCOPES: Final = (
    *scopes.LAUNCH,
    "patient/*.rs",
    "patient/Observation.rs",
    "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|vital-signs",
    "patient/Patient.r",
    "patient/*.read",
    "user/*.rs",
    "system/*.rs",
)
_KEPT: Final = {"Cache-Control": "public, max-age=300"}


def smart(place: Place) -> dict[str, Any]:
    """The SMART configuration (SMART App Launch 2.2, "Conformance")."""
    return {
        **_shared(place),
        "management_endpoint": f"{place.base}{MANAGE}",
        "capabilities": list(CAPABILITIES),
    }


def openid(place: Place) -> dict[str, Any]:
    """The OpenID provider's metadata (OpenID Connect Discovery 3), which is RFC 8414's as well."""
    return {
        **_shared(place),
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "nonce", "fhirUser"],
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "claims_parameter_supported": False,
    }


def _shared(place: Place) -> dict[str, Any]:
    ways = ["none", "client_secret_basic", "private_key_jwt"]
    return {
        "issuer": place.issuer,
        "jwks_uri": place.at("jwks"),
        "authorization_endpoint": place.at("authorize"),
        "token_endpoint": place.token,
        "introspection_endpoint": place.at("introspect"),
        "revocation_endpoint": place.at("revoke"),
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": list(SCOPES),
        "token_endpoint_auth_methods_supported": ways,
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "introspection_endpoint_auth_methods_supported": ways[1:],
        "revocation_endpoint_auth_methods_supported": ways,
        "authorization_response_iss_parameter_supported": True,
    }


@router.get("/fhir/.well-known/smart-configuration")
def smart_configuration(request: Request) -> Response:
    """The SMART configuration, as JSON whatever is asked for."""
    return _json(smart(system_of(request).smart_place))


@router.get("/.well-known/openid-configuration")
@router.get("/.well-known/oauth-authorization-server")
def openid_configuration(request: Request) -> Response:
    """The same server as OpenID Connect and OAuth describe it."""
    return _json(openid(system_of(request).smart_place))


def _json(found: dict[str, Any]) -> Response:
    return Response(orjson.dumps(found), 200, dict(_KEPT), media_type="application/json")
