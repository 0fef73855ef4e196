"""A stub of an app's key server: answers as told, remembers what was asked, and says which addresses its name has."""

from __future__ import annotations

import json
from typing import Any

import httpx


class KeyServer:
    """Keys under https://keys.example/jwks."""

    url = "https://keys.example/jwks"

    def __init__(self, keys: Any) -> None:
        self.body = json.dumps(keys).encode()
        self.control = ""
        self.trouble = ""
        self.addresses = ["93.184.216.34"]
        self.seen: list[httpx.Request] = []
        self.name = ""

    def resolve(self, _host: str) -> list[str]:
        return self.addresses

    def client(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self._answer), follow_redirects=False)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        headers = {"Cache-Control": self.control} if self.control else {}
        if self.trouble == "timeout":
            raise httpx.ReadTimeout("slow", request=request)
        if self.trouble == "500":
            return httpx.Response(500, content=self.body)
        if self.trouble == "html":
            return httpx.Response(200, content=b"<html>")
        if self.trouble == "redirect":
            return httpx.Response(302, headers={"Location": "http://169.254.169.254/"})
        if self.trouble == "huge":
            return httpx.Response(200, content=b" " * 200_000)
        if self.trouble == "deep":
            return httpx.Response(200, content=b"[" * 50_000)
        return httpx.Response(200, content=self.body, headers=headers)
