r"""A SMART app in one file: a resident lets it in, and it shows their newest blood pressure.

phr client add bp-note --name 血圧ノート --responsible "Example Inc." --redirect-uri http://127.0.0.1:8100/back \
    --scope "openid fhirUser launch/patient patient/Patient.r patient/Observation.rs?code=85354-9"
python -m docs.examples.smart_app http://127.0.0.1:8000 bp-note
"""

from __future__ import annotations

import html
import sys
from typing import Any, Final

import httpx
import uvicorn
from authlib.common.security import generate_token
from authlib.oauth2.client import OAuth2Client
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

PORT: Final = 8100
SCOPE: Final = "openid fhirUser launch/patient patient/Patient.r patient/Observation.rs?code=85354-9"
_SYSTOLIC, _DIASTOLIC = "8480-6", "8462-4"


class App:
    """One app of one city. A public client: it holds no secret, and proves itself with PKCE (S256)."""

    def __init__(self, city: str, client_id: str, here: str = f"http://127.0.0.1:{PORT}") -> None:
        self.fhir, self.client_id, self.here = f"{city}/fhir", client_id, here
        self.begun: dict[str, str] = {}  # state -> verifier, for launches under way
        self.routes = Starlette(
            routes=[Route("/", self.start), Route("/launch", self.launch), Route("/back", self.back)]
        )

    async def start(self, _request: Request) -> Response:
        """A link and nothing else."""
        return HTMLResponse('<!doctype html><title>BP</title><p><a href="/launch">Show my blood pressure</a>')

    async def launch(self, _request: Request) -> Response:
        """Find the city's endpoints, and send the person there."""
        found = await self._discovered()
        verifier = generate_token(64)
        url, state = self._oauth().create_authorization_url(
            found["authorization_endpoint"], code_verifier=verifier, aud=self.fhir
        )
        self.begun[state] = verifier
        answer = RedirectResponse(url, 303)
        answer.set_cookie("launch", state, httponly=True, samesite="lax")
        return answer

    async def back(self, request: Request) -> Response:
        """Take the code for a token, and read."""
        said = request.query_params
        state = said.get("state", "")
        verifier = self.begun.pop(state, "") if state == request.cookies.get("launch") else ""
        if not verifier or "code" not in said:
            return HTMLResponse("<!doctype html><title>BP</title><p>You did not let this app in.", 403)
        found = await self._discovered()
        form = {
            "grant_type": "authorization_code",
            "client_id": self.client_id,
            "code": said["code"],
            "code_verifier": verifier,
            "redirect_uri": f"{self.here}/back",
        }
        async with httpx.AsyncClient() as http:
            token = (await http.post(found["token_endpoint"], data=form)).raise_for_status().json()
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token['access_token']}"}) as http:
            query = {"patient": token["patient"], "code": "85354-9", "_sort": "-date", "_count": "1"}
            answer = await http.get(f"{self.fhir}/Observation", params=query)
        answer.raise_for_status()
        return HTMLResponse(f"<!doctype html><title>BP</title><p>{html.escape(newest(answer.json()))}")

    async def _discovered(self) -> dict[str, Any]:
        async with httpx.AsyncClient() as http:
            answer = await http.get(f"{self.fhir}/.well-known/smart-configuration")
        return dict(answer.raise_for_status().json())

    def _oauth(self) -> Any:
        back = f"{self.here}/back"
        return OAuth2Client(
            None, self.client_id, scope=SCOPE, redirect_uri=back, code_challenge_method="S256"
        )


def newest(bundle: dict[str, Any]) -> str:
    """The upper and lower value of the first Observation of a search.

    >>> newest({})
    'No blood pressure yet.'
    """
    if not bundle.get("entry"):
        return "No blood pressure yet."
    parts = {
        one["code"]["coding"][0]["code"]: one["valueQuantity"]["value"]
        for one in bundle["entry"][0]["resource"]["component"]
    }
    return f"{parts[_SYSTOLIC]:.0f}/{parts[_DIASTOLIC]:.0f} mmHg"


if __name__ == "__main__":
    uvicorn.run(App(sys.argv[1], sys.argv[2]).routes, port=PORT)
