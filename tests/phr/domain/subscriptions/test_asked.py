"""What a Subscription may ask for: what is understood is read, everything else is refused with its place."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.subscriptions import topics as table
from phr.domain.subscriptions.asked import Asked, address, asked
from phr.domain.subscriptions.filters import Filter, fits, read
from phr.domain.subscriptions.topics import NEW_OBSERVATION, TOPICS
from phr.errors import Invalid

BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
HOOK = "https://hook.example.jp/fhir"
HEART = "Observation?patient=Patient/p1&code=http://loinc.org|8867-4,85354-9&category=vital-signs"


def extension(name: str, **value: Any) -> dict[str, Any]:
    return {"url": BACKPORT + name, **value}


def wanted(**changes: Any) -> dict[str, Any]:
    """A Subscription with some elements in place of others; None takes one away."""
    plain = {
        "resourceType": "Subscription",
        "status": "requested",
        "criteria": NEW_OBSERVATION,
        "channel": {"type": "rest-hook", "endpoint": HOOK},
        **changes,
    }
    return {name: value for name, value in plain.items() if value is not None}


def channel(**more: Any) -> dict[str, Any]:
    return wanted(channel={"type": "rest-hook", "endpoint": HOOK, **more})


def criterion(text: object) -> dict[str, Any]:
    return {"extension": [extension("backport-filter-criteria", valueString=text)]}


def test_what_nothing_is_said_of_is_the_smallest():
    """An empty payload, one event at a time, ten seconds, no sign of life, no end."""
    found = asked(wanted(), local=False)
    assert found == Asked(TOPICS[NEW_OBSERVATION], (), (), HOOK, None, "empty", 0, 10, 1, None, off=False)


def test_everything_that_can_be_said_is_read():
    """Filters, headers, content, numbers and the end."""
    resource = wanted(
        _criteria=criterion(HEART),
        end="2027-01-01T00:00:00+09:00",
        channel={
            "type": "rest-hook",
            "endpoint": HOOK,
            "payload": "application/fhir+json",
            "_payload": {"extension": [extension("backport-payload-content", valueCode="id-only")]},
            "header": ["Authorization: Bearer abc"],
            "extension": [
                extension("backport-heartbeat-period", valueUnsignedInt=60),
                extension("backport-timeout", valueUnsignedInt=5),
                extension("backport-max-count", valuePositiveInt=20),
                "not an extension",
            ],
        },
    )
    found = asked(resource, local=False)
    parts = (("code", ("http://loinc.org|8867-4", "85354-9")), ("category", ("vital-signs",)))
    assert found.filters == (Filter("Observation", parts),)
    assert found.patients == ("p1",)
    assert found.headers == (("Authorization", "Bearer abc"),)
    assert (found.payload, found.heartbeat, found.timeout, found.max_count) == ("id-only", 60, 5, 20)
    assert found.ends_at == datetime(2026, 12, 31, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("resource", "field"),
    [
        (wanted(status="active"), "Subscription.status"),
        (wanted(status=None), "Subscription.status"),
        (wanted(criteria="Observation?code=x"), "Subscription.criteria"),
        (wanted(criteria=None), "Subscription.criteria"),
        (wanted(channel=None), "Subscription.channel"),
        (wanted(channel=[]), "Subscription.channel"),
        (wanted(channel={"type": "websocket", "endpoint": HOOK}), "Subscription.channel.type"),
        (channel(_type={"extension": []}, type="rest-hook"), None),
        (channel(_type={"extension": [extension("backport-channel-type")]}), "Subscription.channel.type"),
        (channel(payload="application/fhir+xml"), "Subscription.channel.payload"),
        (channel(_payload={"extension": [extension("backport-payload-content", valueCode="full-resource")]}), "Subscription.channel.payload"),
        (channel(_payload={"extension": [extension("backport-payload-content", valueCode="all")]}), "Subscription.channel.payload"),
        (channel(header="Authorization: x"), "Subscription.channel.header"),
        (channel(header=["Host: evil"]), "Subscription.channel.header"),
        (channel(header=["X: a\r\nY: b"]), "Subscription.channel.header"),
        (channel(header=[7]), "Subscription.channel.header"),
        (channel(header=["X: 1"] * 6), "Subscription.channel.header"),
        (channel(extension=[extension("backport-max-count", valuePositiveInt=0)]), "Subscription.channel"),
        (channel(extension=[extension("backport-max-count", valuePositiveInt=True)]), "Subscription.channel"),
        (channel(extension=[extension("backport-timeout", valueUnsignedInt=9999)]), "Subscription.channel"),
        (channel(extension=[extension("backport-heartbeat-period", valueString="x")]), "Subscription.channel"),
        (wanted(end="soon"), "Subscription.end"),
        (wanted(end="2027-01-01"), "Subscription.end"),
        (wanted(_criteria=criterion("Observation?device=x")), "Subscription._criteria"),
        (wanted(_criteria=criterion("Observation?code=")), "Subscription._criteria"),
        (wanted(_criteria=criterion("Consent?patient=x")), "Subscription._criteria"),
        (wanted(_criteria=criterion("Observation")), "Subscription._criteria"),
        (wanted(_criteria=criterion(7)), "Subscription._criteria"),
        (wanted(_criteria=criterion("Observation?code=" + "x" * 3000)), "Subscription._criteria"),
        (
            wanted(
                _criteria={
                    "extension": [
                        extension("backport-filter-criteria", valueString="Observation?patient=a"),
                        extension("backport-filter-criteria", valueString="Observation?patient=b"),
                    ]
                }
            ),
            "Subscription._criteria",
        ),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused_with_its_place(resource, field):
    """Unknown topics, channels, contents, filters and numbers; a full resource is never sent."""
    if field is None:
        field = "Subscription.channel.type"
    with pytest.raises(Invalid) as refused:
        asked(resource, local=True)
    assert refused.value.field == field


HOSTILE = [
    "http://hook.example.jp/",
    "https://127.0.0.1/",
    "https://localhost/",
    "https://[::1]/",
    "https://10.0.0.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://[fe80::1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://intranet/",
    "https://user:word@hook.example.jp/",
    "https://@hook.example.jp/",
    "https://hook.example.jp/#part",
    "https://hook.example.jp:0/",
    "https://hook.example.jp:99999/",
    "https://hook.example.jp:x/",
    "https://hook.example.jp/ x",
    "https://hook.example.jp/\r\nHost: evil",
    "https://höok.example.jp/",
    "https://[",
    "https://./",
    "ftp://hook.example.jp/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "//hook.example.jp/",
    "",
    "https://" + "a" * 1100 + ".jp/",
    None,
    7,
    {},
]


@pytest.mark.parametrize("url", HOSTILE)
def test_an_address_that_leads_anywhere_but_out_is_refused(url):
    """Numbers, names of this machine and of closed networks, other schemes, and what could split a request."""
    with pytest.raises(Invalid):
        address(url, local=False)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8001/hook", "https://localhost:8443/", "http://[::1]:80/"])
def test_a_receiver_on_this_machine_is_for_the_demo_and_for_tests(url):
    """Where residents reach the service on this machine too."""
    assert address(url, local=True) == url
    with pytest.raises(Invalid):
        address(url, local=False)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["extension", "url", "valueString", "type", "endpoint", "header", "x"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_channel_is_read_or_refused(value):
    """Never another exception, whatever a client writes."""
    for resource in (
        wanted(channel=value),
        wanted(_criteria=value),
        wanted(end=value),
        channel(_payload=value),
    ):
        with contextlib.suppress(Invalid):
            assert isinstance(asked(resource, local=False), Asked)


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("8867-4", True), ("http://loinc.org|8867-4", True), ("http://loinc.org|", True), ("|8867-4", False),
        ("urn:x|8867-4", False), ("x", False), ("|own", True), ("x,8867-4", True),
    ],
)  # fmt: skip
def test_a_filter_is_a_token_search(token, expected):
    """Code, system and code, no system, any code of a system; a comma is OR."""
    wanted_one, _patients = read(f"Observation?code={token}", TOPICS[NEW_OBSERVATION])
    assert fits([wanted_one], "Observation", ["http://loinc.org|8867-4", "|own"], []) is expected


def test_filters_of_one_criterion_are_and_criteria_are_or():
    """Without any, everything of the topic is meant; another type is not."""
    heart, _ = read("Observation?code=a&category=x", TOPICS[NEW_OBSERVATION])
    other, _ = read("Observation?code=b", TOPICS[NEW_OBSERVATION])
    assert fits([], "Observation", [], [])
    assert fits([heart], "Observation", ["s|a"], ["s|x"])
    assert not fits([heart], "Observation", ["s|a"], ["s|y"])
    assert fits([heart, other], "Observation", ["s|b"], [])
    assert not fits([heart], "Flag", ["s|a"], ["s|x"])


@pytest.mark.parametrize(
    "text",
    [
        '[a]\nurl="u"\ntitle="t"\nmeans="m"\ntypes=[]\nfilters=[]',
        '[a]\nurl="u"\ntitle="t"\nmeans="m"\ntypes=["X"]\nfilters=["device"]',
        '[a]\nurl="u"\ntitle="t"\nmeans="m"\ntypes=["X"]\nfilters=[]\n[b]\nurl="u"\ntitle="t"\nmeans="m"\ntypes=["X"]\nfilters=[]',
    ],
)
def test_a_broken_table_of_topics_is_refused_when_it_is_read(text):
    """No types, a filter that nobody applies, the same address twice."""
    with pytest.raises(ValueError, match=r"topics\.toml"):
        table.load(text)
