"""What makes the pages installable and readable without network: the manifest, the worker and its page."""

from __future__ import annotations

from typing import Final

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from phr.web.answer import html, renderer_of
from phr.web.headers import SECURITY_HEADERS
from phr.web.render import static_url
from phr.web.routing import page_router
from phr.web.sheets import STATIC

router = page_router()
_BLUE: Final = "#0055ad"
_WHITE: Final = "#ffffff"


@router.get("/manifest.webmanifest")
def manifest(request: Request) -> Response:
    """How the service looks when it is put on a phone's first screen."""
    city = renderer_of(request).city
    icons = [
        {
            "src": static_url(f"icon-{size}.png"),
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": purpose,
        }
        for size in (192, 512)
        for purpose in ("any", "maskable")
    ]
    told = {
        "id": "/",
        "name": f"からだ手帳 {city}",
        "short_name": "からだ手帳",
        "lang": "ja",
        "start_url": "/today",
        "scope": "/",
        "display": "standalone",
        "theme_color": _BLUE,
        "background_color": _WHITE,
        "icons": icons,
        "shortcuts": [{"name": "緊急カード", "url": "/emergency"}],
    }
    headers = {**SECURITY_HEADERS, "Cache-Control": "no-cache"}
    return JSONResponse(told, headers=headers, media_type="application/manifest+json")


@router.get("/service_worker.js")
def worker() -> Response:
    """The one worker of this service: it stands at the root, because a worker rules only what lies below it."""
    headers = {**SECURITY_HEADERS, "Cache-Control": "no-cache"}
    return Response(
        (STATIC / "service_worker.js").read_bytes(), media_type="text/javascript", headers=headers
    )


@router.get("/offline")
def offline(request: Request) -> Response:
    """What is shown without network where nothing is kept."""
    return html(request, "offline", None)
