"""The endpoints around the data: identity, profile, settings, devices, subscribers and the public keys."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Callable
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from synthetic_data.google_health.checks import caller, json_body, need, page_size, query
from synthetic_data.google_health.cloud import PROJECT_TOKEN, Cloud
from synthetic_data.google_health.kinds import DEVICE_PAGES, IDENTITY_SCOPES, read_scope
from synthetic_data.google_health.people import Person
from synthetic_data.google_health.problems import invalid, not_found, permission_denied, unauthenticated
from synthetic_data.google_health.subscribers import Subscriber
from synthetic_data.wire_time import timestamp

_SUBSCRIBERS: Final = "/v4/projects/{project}/subscribers"
_BODY: Final = {"endpointUri", "subscriberConfigs", "endpointAuthorization", "name"}
_TYPE: Final = "type.googleapis.com/google.devicesandservices.health.v4.Subscriber"
_LIST_FILTER: Final = re.compile(r'user = "(users/\d+)"(?: AND data_type = "([a-z0-9-]+)")?')
_PAGES: Final = (50, 1000)


def devices(person: Person) -> list[dict[str, Any]]:
    """The paired tracker and scale; the last sync is at the end of the window."""
    base = f"users/{person.health_user_id}/pairedDevices"
    synced = timestamp(person.world.end)
    tracker = {
        "name": f"{base}/1",
        "deviceType": "TRACKER",
        "batteryStatus": "High",
        "batteryLevel": 80,
        "lastSyncTime": synced,
        "deviceVersion": person.watch,
        "macAddress": "000000000000",
        "features": ["SLEEP", "STEPS", "SPO2", "HEART_RATE", "ACTIVE_ZONE_MINUTES"],
    }
    scale = {
        "name": f"{base}/2",
        "deviceType": "SCALE",
        "batteryStatus": "Medium",
        "batteryLevel": 50,
        "lastSyncTime": synced,
        "deviceVersion": "Aria Air",
        "macAddress": "000000000001",
        "features": [],
    }
    return [tracker, scale]


def _identity(person: Person) -> dict[str, Any]:
    return {
        "name": "users/me/identity",
        "legacyUserId": person.legacy_user_id,
        "healthUserId": person.health_user_id,
    }


def _profile(person: Person) -> dict[str, Any]:
    return {
        "name": f"users/{person.health_user_id}/profile",
        "age": person.age,
        "membershipStartDate": {"year": 2020, "month": 1, "day": 1},
        "autoWalkingStrideLengthMm": 715,
        "autoRunningStrideLengthMm": 980,
    }


def _irn(_person: Person) -> dict[str, Any]:
    return {
        "name": "users/me/irnProfile",
        "onboardingStatus": "ONBOARDING_NOT_STARTED",
        "enrollmentStatus": "NOT_ENROLLED",
    }


def _about(cloud: Cloud, scopes: frozenset[str], show: Callable[[Person], dict[str, Any]]) -> Any:
    """An endpoint that shows one thing about the person."""

    async def endpoint(request: Request) -> Response:
        who = await caller(cloud, request)
        need(who.grant, scopes)
        query(request, set())
        return JSONResponse(show(who.person))

    return endpoint


def _offset(text: str, most: int) -> int:
    """How many entries came on earlier pages."""
    try:
        found = int(base64.urlsafe_b64decode(text)) if text else 0
    except (binascii.Error, ValueError):
        found = -1
    if not 0 <= found <= most:
        raise invalid("INVALID_PAGE_TOKEN", "The page token is not valid for this request.", "page_token")
    return found


def _paged(
    key: str, items: list[dict[str, Any]], given: dict[str, str], sizes: tuple[int, int]
) -> dict[str, Any]:
    size = page_size(given.get("pageSize"), *sizes)
    first = _offset(given.get("pageToken", ""), len(items))
    body: dict[str, Any] = {key: items[first : first + size]} if items[first:] else {}
    if len(items) > first + size:
        body["nextPageToken"] = base64.urlsafe_b64encode(str(first + size).encode()).decode()
    return body


def _person_routes(cloud: Cloud) -> list[Route]:
    settings = frozenset({read_scope("settings")})

    async def paired(request: Request) -> Response:
        who = await caller(cloud, request)
        need(who.grant, settings)
        given = query(request, {"pageSize", "pageToken"})
        return JSONResponse(_paged("pairedDevices", devices(who.person), given, DEVICE_PAGES))

    async def device(request: Request) -> Response:
        who = await caller(cloud, request)
        need(who.grant, settings)
        for found in devices(who.person):
            if found["name"].rpartition("/")[2] == request.path_params["device"]:
                return JSONResponse(found)
        raise not_found()

    root = "/v4/users/{user}"
    return [
        Route(f"{root}/identity", _about(cloud, IDENTITY_SCOPES, _identity)),
        Route(f"{root}/profile", _about(cloud, frozenset({read_scope("profile")}), _profile)),
        Route(f"{root}/settings", _about(cloud, settings, Person.settings)),
        Route(f"{root}/irnProfile", _about(cloud, frozenset({read_scope("irn")}), _irn)),
        Route(f"{root}/pairedDevices", paired),
        Route(f"{root}/pairedDevices/{{device}}", device),
    ]


def _owner(cloud: Cloud, request: Request) -> None:
    """Subscribers are administered by the project, never with a person's token; the project goes by its number."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise unauthenticated()
    good = hmac.compare_digest(token.encode(), PROJECT_TOKEN.encode())
    if not good or request.path_params["project"] != cloud.subscribers.project:
        raise permission_denied()


def _operation(cloud: Cloud, found: Subscriber | None) -> dict[str, Any]:
    response = {} if found is None else {"@type": _TYPE, **found.shown(state=False)}
    return {"name": f"projects/{cloud.subscribers.project}/operations/1", "done": True, "response": response}


def _subscriber_routes(cloud: Cloud) -> list[Route]:
    known = cloud.subscribers

    async def create(request: Request) -> Response:
        _owner(cloud, request)
        given, body = query(request, {"subscriberId"}), await json_body(request, _BODY)
        made = await run_in_threadpool(known.create, given.get("subscriberId", ""), body)
        return JSONResponse(_operation(cloud, made))

    async def listed(request: Request) -> Response:
        _owner(cloud, request)
        given = query(request, {"pageSize", "pageToken"})
        items = [found.shown() for found in known.found.values()]
        return JSONResponse({**_paged("subscribers", items, given, _PAGES), "totalSize": len(items)})

    async def patch(request: Request) -> Response:
        _owner(cloud, request)
        given, body = query(request, {"updateMask"}), await json_body(request, _BODY)
        identifier = request.path_params["subscriber"]
        changed = await run_in_threadpool(known.update, identifier, body, given.get("updateMask", ""))
        return JSONResponse(_operation(cloud, changed))

    async def delete(request: Request) -> Response:
        _owner(cloud, request)
        given = query(request, {"force"})
        known.delete(request.path_params["subscriber"], force=given.get("force") == "true")
        return JSONResponse(_operation(cloud, None))

    async def subscribe(request: Request) -> Response:
        _owner(cloud, request)
        given, body = (
            query(request, {"subscriptionId"}),
            await json_body(request, {"user", "dataTypes", "name"}),
        )
        name = given.get("subscriptionId") or f"subscription-{cloud.requests}"
        return JSONResponse(known.subscribe(request.path_params["subscriber"], name, body))

    async def subscriptions(request: Request) -> Response:
        _owner(cloud, request)
        given = query(request, {"pageSize", "pageToken", "filter"})
        items = list(known.get(request.path_params["subscriber"]).subscriptions.values())
        if given.get("filter"):
            found = _LIST_FILTER.fullmatch(given["filter"])
            if found is None:
                raise invalid("INVALID_FILTER_FORMAT", "The filter is not valid.", "filter")
            user, kind = found.groups()
            items = [row for row in items if row["user"] == user and kind in {None, *row["dataTypes"]}]
        return JSONResponse(_paged("subscriptions", items, given, _PAGES))

    one = f"{_SUBSCRIBERS}/{{subscriber}}"
    return [
        Route(_SUBSCRIBERS, create, methods=["POST"]),
        Route(_SUBSCRIBERS, listed, methods=["GET"]),
        Route(one, patch, methods=["PATCH"]),
        Route(one, delete, methods=["DELETE"]),
        Route(f"{one}/subscriptions", subscribe, methods=["POST"]),
        Route(f"{one}/subscriptions", subscriptions, methods=["GET"]),
    ]


def routes(cloud: Cloud) -> list[Route]:
    """The routes of this module."""

    async def keyset(_request: Request) -> Response:
        return JSONResponse(cloud.keys.keyset(), headers={"Cache-Control": "public, max-age=3600"})

    async def tally(_request: Request) -> Response:
        return JSONResponse({"requests": cloud.requests})

    return [
        Route(
            "/invented/tally", tally
        ),  # not Google's: how often the cloud was asked, for who measures a client
        Route("/googlehealthapi/webhooks/webhooks_public_keyset.json", keyset),
        *_person_routes(cloud),
        *_subscriber_routes(cloud),
    ]
