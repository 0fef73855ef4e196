"""The public page of open data, and its files."""

from __future__ import annotations

from typing import Final

from fastapi import Request
from fastapi.responses import Response

from phr.errors import NotFound
from phr.web.answer import Service, html
from phr.web.headers import PAGE_HEADERS
from phr.web.routing import page_router

router = page_router(prefix="/open-data")
_MEDIA: Final = {
    "statistics.csv": "text/csv; charset=utf-8",
    "catalogue.jsonld": "application/ld+json",
    "entities.jsonld": "application/ld+json",
}


@router.get("")
def open_data(request: Request, services: Service) -> Response:
    """What is out, for everybody."""
    return html(request, "open_data", services.open_data())


@router.get("/{edition}/{name}")
def open_file(services: Service, edition: str, name: str) -> Response:
    """One file of a year."""
    if name not in _MEDIA:
        raise NotFound("file")
    headers = {**PAGE_HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(services.open_file(edition, name), media_type=_MEDIA[name], headers=headers)
