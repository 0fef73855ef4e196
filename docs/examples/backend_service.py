"""A program of an organisation in thirty lines: it signs an assertion, gets a token for five minutes, and reads.

python -m docs.examples.backend_service http://127.0.0.1:8000 CLIENT KEY.pem KID PATIENT
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import httpx
from authlib.oauth2.rfc7523 import private_key_jwt_sign
from joserfc.jwk import ECKey


def observations(http: httpx.Client, city: str, client: str, key: str, kid: str, patient: str) -> Any:
    """A searchset of what the organisation may see of one person; rows without consent are absent."""
    endpoint = f"{city}/oauth/token"
    assertion = private_key_jwt_sign(
        ECKey.import_key(key), client, endpoint, alg="ES384", header={"kid": kid}, expires_in=240
    )
    form = {
        "grant_type": "client_credentials",
        "scope": "system/Observation.rs",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
    }
    token = http.post(endpoint, data=form).raise_for_status().json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    found = http.get(f"{city}/fhir/Observation", params={"patient": patient}, headers=headers)
    return found.raise_for_status().json()


if __name__ == "__main__":
    place, name, pem, word, person = sys.argv[1:]
    with httpx.Client() as line:
        bundle = observations(line, place, name, Path(pem).read_text("ascii"), word, person)
    print(len(bundle.get("entry", [])), "Observations")  # noqa: T201 - a program that prints
