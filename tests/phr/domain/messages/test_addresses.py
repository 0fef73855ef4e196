"""Addresses: hostile text is no address; codes and links are of one address and one message."""

from __future__ import annotations

import base64
import json
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.messages import addresses as rules
from phr.errors import Invalid

KEY, OTHER = b"k" * 32, b"o" * 32
P256DH = base64.urlsafe_b64encode(b"\x04" + b"p" * 64).rstrip(b"=").decode()
AUTH = base64.urlsafe_b64encode(b"a" * 16).rstrip(b"=").decode()
GOOD = {"endpoint": "https://push.example.com/x/1", "keys": {"p256dh": P256DH, "auth": AUTH}}


@pytest.mark.parametrize(
    "text", ["a@b.jp", " hanako.sato+phr@Mail.Example.JP ", "x@xn--eckwd4c7c.xn--zckzah"]
)
def test_an_address_is_kept_without_spaces_and_with_a_small_domain(text):
    kept = rules.email(text)
    assert kept.partition("@")[2] == text.strip().partition("@")[2].lower()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a@b",
        "a@b.c",
        "a@b.jp,c@d.jp",
        "a@b.jp\nBcc: c@d.jp",
        "a@b.jp\r\n",
        '"a b"@c.jp',
        "<a@b.jp>",
        "a b@c.jp",
        ".a@b.jp",
        "a..b@c.jp",
        "あ@b.jp",
        f"{'x' * 65}@b.jp",
        f"{'x.' * 33}x@b.jp",
        f"a@{'b' * 64}.jp",
        "a@" + "b." * 130 + "jp",
    ],
)
def test_what_is_no_single_address_is_refused(text):
    """A line break or a second address would be a second message."""
    if text.strip() == "a@b.jp":
        assert rules.email(text) == "a@b.jp"
        return
    with pytest.raises(Invalid, match="address"):
        rules.email(text)


@given(st.text(max_size=80))
def test_any_text_is_an_address_or_refused(text):
    try:
        kept = rules.email(text)
    except Invalid:
        return
    assert kept.count("@") == 1
    assert kept.isprintable()
    assert " " not in kept


def test_a_line_user_is_u_and_32_signs():
    assert rules.line_user("U" + "0af" * 10 + "12") == "U" + "0af" * 10 + "12"
    for bad in ("", "U123", "C" + "0" * 32, "U" + "0" * 32 + "\n"):
        with pytest.raises(Invalid):
            rules.line_user(bad)


def test_a_subscription_is_reduced_to_what_is_needed():
    assert rules.subscription(json.dumps({**GOOD, "expirationTime": None})) == GOOD


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "[]",
        "{}",
        "null",
        json.dumps({**GOOD, "keys": {}}),
        json.dumps({**GOOD, "keys": {"p256dh": 1, "auth": AUTH}}),
        json.dumps({**GOOD, "keys": {"p256dh": P256DH, "auth": "x"}}),
        json.dumps({**GOOD, "keys": {"p256dh": P256DH, "auth": "!!!"}}),
        json.dumps({**GOOD, "keys": {"p256dh": P256DH[:-1], "auth": AUTH}}),
    ],
)
def test_what_is_no_subscription_is_refused(wrong):
    with pytest.raises(Invalid):
        rules.subscription(wrong)


@pytest.mark.parametrize(
    "url",
    [
        1,
        "http://push.example.com/x",
        "https://localhost/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://push.example.com:8443/x",
        "https://push.example.com:x/",
        "https://[bad/x",
        "https://user@push.example.com/x",
        "https://push.example.com/ x",
        "https://push.example.com/\r\nHost: x",
        "https://プッシュ.example.com/x",
        "file:///etc/passwd",
        "https://push.example.com/" + "x" * 1024,
    ],
)
def test_an_endpoint_must_be_https_to_a_named_host(url):
    """Where messages go is given by a browser: it must not lead into our own network."""
    with pytest.raises(Invalid, match="endpoint"):
        rules.endpoint(url)


def test_the_standard_port_may_be_written():
    assert rules.endpoint("https://push.example.com:443/x") == "push.example.com"


@pytest.mark.parametrize(
    "numbers",
    [
        [],
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["192.168.1.1"],
        ["169.254.169.254"],
        ["100.64.0.1"],
        ["::1"],
        ["fd00::1"],
        ["fe80::1"],
        ["0.0.0.0"],
        ["224.0.0.1"],
        ["8.8.8.8", "10.0.0.1"],
    ],
)
def test_a_name_that_stands_for_a_closed_network_is_refused(numbers):
    """Also when only one of its numbers does."""
    with pytest.raises(Invalid):
        rules.public(numbers)


def test_a_public_number_is_used():
    assert rules.public(["8.8.8.8", "2001:4860:4860::8888"]) == "8.8.8.8"


def test_a_code_has_six_digits_and_belongs_to_one_address():
    one, other = uuid4(), uuid4()
    code = rules.code(KEY, one)
    assert len(code) == 6
    assert code.isdigit()
    assert rules.code(KEY, one) == code
    assert {rules.code(KEY, other), rules.code(OTHER, one)} != {code}
    assert rules.same(code, code)
    assert not rules.same(code, "あ")


def test_a_word_for_line_has_eight_signs_that_are_not_read_for_others():
    word = rules.link_word(KEY, uuid4())
    assert len(word) == 8
    assert not set(word) & set("0O1IL")


@given(st.uuids())
def test_a_link_gives_its_message_back_and_nobody_elses_key_makes_it(message):
    token = rules.stop_token(KEY, message)
    assert rules.stopped_message(KEY, token) == message
    assert rules.stopped_message(OTHER, token) is None


@given(st.text(max_size=60))
def test_any_text_is_no_link(text):
    assert rules.stopped_message(KEY, text) is None


def test_a_changed_link_is_none():
    token = rules.stop_token(KEY, UUID(int=5))
    for place in range(0, len(token) - 1, 7):
        other = "A" if token[place] != "A" else "B"
        assert rules.stopped_message(KEY, token[:place] + other + token[place + 1 :]) is None


def test_an_address_of_a_patient_stands_in_the_window():
    patient = {
        "address": [
            {
                "postalCode": "000-0123",
                "state": "ときわ県",
                "city": "ときわの市",
                "line": ["東町2-4-15", "ハイツ203"],
            }
        ]
    }
    assert rules.postal(patient) == ("〒000-0123", "ときわ県ときわの市東町2-4-15", "ハイツ203")


@pytest.mark.parametrize(
    ("patient", "lines"),
    [
        ({}, ()),
        ({"address": []}, ()),
        ({"address": ["x"]}, ()),
        ({"address": [{"postalCode": "000-0123"}]}, ()),
        ({"address": [{"text": "東町2-4-15"}]}, ("", "東町2-4-15")),
        ({"address": [{"line": ["a", "b", "c", "d"]}]}, ("", "a", "b", "c")),
        ({"address": [{"line": ["a\n\x00b"]}]}, ("", "a  b")),
    ],
)
def test_an_address_that_cannot_be_written_is_none_and_a_long_one_is_cut(patient, lines):
    assert rules.postal(patient) == lines
