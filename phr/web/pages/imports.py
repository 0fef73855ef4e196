"""The staff page of imported check-ups: judgements that were delivered otherwise than we judge, and the same as a file."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from phr.web.answer import Nurse, Service, html, table
from phr.web.routing import page_router

router = page_router(prefix="/staff/imports")


@router.get("")
def imports(
    request: Request,
    session: Nurse,
    services: Service,
    after: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """Differences, some at a time."""
    return html(request, "imports", services.imports(session, after))


@router.get("/differences.csv")
def differences_table(session: Nurse, services: Service) -> Response:
    """Every difference as a file; the delivered judgement stays the official one."""
    header = ["name", "kana", "day", "item", "delivered", "ours", "why", "missing"]
    rows = [
        (r.name, r.kana, r.day.isoformat(), r.item, r.delivered[0], r.ours[0], r.why[0], " ".join(r.missing))
        for r in services.all_differences(session)
    ]
    return table("check-up-differences", header, rows)
