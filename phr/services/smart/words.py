"""What the parts of the authorization server share: its addresses, what is sent to it and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from phr.domain.access import Access


def signing_in(request: str) -> Access:
    """The service's own reason, about nobody yet."""
    return Access("system", "sign-in", "", "session", request)


@dataclass(frozen=True, slots=True)
class Place:
    """The addresses of this server, all absolute; they follow from the one under which residents reach it."""

    base: str

    @property
    def issuer(self) -> str:
        """Who signs ID tokens."""
        return self.base

    @property
    def fhir(self) -> str:
        """The FHIR base, for which every token is."""
        return f"{self.base}/fhir"

    @property
    def token(self) -> str:
        """The token endpoint, to which assertions are addressed."""
        return self.at("token")

    def at(self, name: str) -> str:
        """An endpoint."""
        return f"{self.base}/oauth/{name}"


@dataclass(frozen=True, slots=True)
class Posted:
    """A form that was sent to an endpoint: its fields as they stand, and the Authorization header."""

    pairs: tuple[tuple[str, str], ...] = field(repr=False)
    authorization: str = field(default="", repr=False)

    @property
    def repeated(self) -> bool:
        """Whether a field stands twice, which no request may do (RFC 6749 3.1, 3.2)."""
        return len({name for name, _value in self.pairs}) != len(self.pairs)

    def get(self, name: str) -> str:
        """A field, or nothing."""
        return next((value for known, value in self.pairs if known == name), "")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: a status, a body that becomes JSON, and headers."""

    status: int
    body: dict[str, object] = field(repr=False)
    headers: tuple[tuple[str, str], ...] = ()
