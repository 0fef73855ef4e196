"""The topics that can be subscribed to, from topics.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Final

FILTERS: Final = frozenset({"patient", "code", "category"})


@dataclass(frozen=True, slots=True)
class Topic:
    """One kind of event: its key and canonical URL, the types of its focus, and the filters that it knows."""

    key: str
    url: str
    title: str
    means: str
    types: tuple[str, ...]
    filters: frozenset[str]


def load(text: str) -> Mapping[str, Topic]:
    """Topics by their canonical URL. Raises ValueError or KeyError for a table that the service could not use."""
    found = {}
    for key, entry in tomllib.loads(text).items():
        filters = frozenset(entry["filters"])
        if not entry["types"] or not filters <= FILTERS or entry["url"] in found:
            raise ValueError(f"topics.toml: {key}")
        found[entry["url"]] = Topic(
            key, entry["url"], entry["title"], entry["means"], tuple(entry["types"]), filters
        )
    return MappingProxyType(found)


TOPICS: Final[Mapping[str, Topic]] = load(
    resources.files("phr.domain.subscriptions").joinpath("topics.toml").read_text("utf-8")
)
NEW_OBSERVATION: Final = "urn:phr:topic:new-observation"
CONSENT_CHANGED: Final = "urn:phr:topic:consent-changed"
TOPIC_OF: Final[Mapping[str, str]] = MappingProxyType(
    {kind: url for url, topic in TOPICS.items() for kind in topic.types}
)
"""The topic that a new version of a type belongs to."""
