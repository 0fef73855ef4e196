"""Signatures: real ECDSA over the raw body, keys that rotate, and nothing else that passes."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from hypothesis import given
from hypothesis import strategies as st

from ingest.cloud import webhooks
from ingest.cloud.webhooks import BadSignature, Keys, KeySet, UnknownKey, verify
from ingest.errors import BadPayload, Transient
from tests.ingest.cloud.build import keyset, public_value, sample

OURS, OTHER = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
KEY_ID = 1234567890
BODY = b'[{"data": {"healthUserId": "10"}}]'


def signed(body=BODY, key=OURS, number=KEY_ID, algorithm=None):
    raw = key.sign(body, ec.ECDSA(algorithm or SHA256()))
    return base64.b64encode(b"\x01" + number.to_bytes(4) + raw).decode()


KEYS = KeySet.parse(keyset((KEY_ID, OURS)))


def test_a_body_that_google_signed_passes():
    """The key id stands before the signature, in Tink's form."""
    verify(BODY, signed(), KEYS)
    with pytest.raises(BadSignature):
        verify(BODY + b" ", signed(), KEYS)


def test_of_two_keys_with_one_id_either_may_have_signed():
    """Tink allows it."""
    keys = KeySet.parse(keyset((KEY_ID, OTHER), (KEY_ID, OURS)))
    verify(BODY, signed(), keys)


@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_one_changed_byte_of_the_body_is_seen(place, flip):
    """The raw bytes are signed, not what they mean."""
    body = bytearray(BODY)
    body[place] ^= flip
    with pytest.raises(BadSignature):
        verify(bytes(body), signed(), KEYS)


def test_the_same_json_in_other_bytes_does_not_pass():
    """A body that was parsed and written again is another body."""
    with pytest.raises(BadSignature):
        verify(json.dumps(json.loads(BODY), indent=1).encode(), signed(), KEYS)


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "!",
        "é",
        "A" * 300,
        base64.b64encode(b"\x01\x00\x00").decode(),
        base64.b64encode(b"\x00" + base64.b64decode(signed())[1:]).decode(),
        base64.b64encode(base64.b64decode(signed())[:-3]).decode(),
        base64.b64encode(base64.b64decode(signed()) + b"\x00").decode(),
        base64.b64encode(base64.b64decode(signed())[:5] + b"junk").decode(),
        base64.urlsafe_b64encode(b"\x01" + b"\xfb\xff" * 20).decode(),
        signed(key=OTHER),
        signed(algorithm=SHA512()),
        " " + signed(),
    ],
    ids=lambda _: "",  # a signature is another each time, and test processes must collect the same names
)
def test_any_other_signature_is_refused(signature):
    """Wrong form, wrong key, wrong hash; and the error never shows the signature."""
    with pytest.raises(BadSignature) as caught:
        verify(BODY, signature, KEYS)
    assert not signature or signature not in str(caught.value)


@given(st.binary(max_size=40), st.text(max_size=60))
def test_any_header_and_body_pass_or_are_refused(body, signature):
    """Nothing else is raised."""
    with pytest.raises(BadSignature):
        verify(body, signature, KEYS)


def test_a_key_that_is_not_known_is_told_apart():
    """A newer set may have it."""
    with pytest.raises(UnknownKey):
        verify(BODY, signed(number=7), KEYS)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "DISABLED"},
        {"status": "DESTROYED"},
        {"outputPrefixType": "RAW"},
        {"keyData": {"typeUrl": "type.googleapis.com/google.crypto.tink.Ed25519PublicKey", "value": "AA=="}},
    ],
    ids=str,
)
def test_keys_that_are_not_for_us_are_left_out(change):
    """Disabled keys and other kinds verify nothing."""
    with pytest.raises(UnknownKey):
        verify(BODY, signed(), KeySet.parse(keyset((KEY_ID, OURS), **change)))


def value_with(old, new):
    return base64.b64encode(base64.b64decode(public_value(OURS)).replace(old, new)).decode()


@pytest.mark.parametrize(
    "value",
    [
        "!",
        "",
        "AA==",
        value_with(b"\x08\x03", b"\x08\x04"),
        value_with(b"\x10\x02", b"\x10\x03"),
        value_with(b"\x18\x02", b"\x18\x01"),
        value_with(b"\x12\x06", b"\x12\x07"),
        value_with(b"\x1a\x21", b"\x1a\x7f"),
        value_with(b"\x1a\x21", b"\x1d\x21"),
        value_with(b"\x1a\x21", b"\x1a\x81"),
        base64.b64encode(b"\x12\x06\x08\x03\x10\x02\x18\x02\x1a\x01\x05\x22\x01\x05").decode(),
        base64.b64encode(b"\x10\x06\x18\x01\x20\x01").decode(),
    ],
)
def test_a_key_that_cannot_be_read_is_one_clear_error(value):
    """A point off the curve, another hash, or a broken message: the whole set is refused, with the place."""
    data = {"typeUrl": "type.googleapis.com/google.crypto.tink.EcdsaPublicKey", "value": value}
    with pytest.raises(BadPayload, match=r"key\[0\]\.keyData\.value"):
        KeySet.parse(keyset((KEY_ID, OURS), keyData=data))


@given(st.binary(max_size=40))
def test_any_message_is_a_key_or_one_clear_error(message):
    """The value is protobuf from outside."""
    value = base64.b64encode(message).decode()
    data = {"typeUrl": "type.googleapis.com/google.crypto.tink.EcdsaPublicKey", "value": value}
    with pytest.raises(BadPayload):
        KeySet.parse(keyset((KEY_ID, OURS), keyData=data))


@pytest.mark.parametrize("text", ["", "{", "[]", "5", "{}", '{"key": 5}', b"\xff", "[" * 9999, " " * 300_000])
def test_a_text_that_is_no_keyset_is_one_clear_error(text):
    """Whatever stands at the address."""
    with pytest.raises(BadPayload, match="keyset"):
        KeySet.parse(text)


class Shelf:
    """Serves key sets and counts how often they were fetched; a clock beside it."""

    def __init__(self, *sets):
        self.sets, self.fetched, self.now = list(sets), 0, 0.0

    def fetch(self):
        self.fetched += 1
        found = self.sets.pop(0) if len(self.sets) > 1 else self.sets[0]
        if isinstance(found, Exception):
            raise found
        return found

    def keys(self):
        return Keys(self.fetch, lambda: self.now)


def test_keys_are_fetched_once_and_kept_for_an_hour():
    """Not for each notification."""
    shelf = Shelf(keyset((KEY_ID, OURS)))
    keys = shelf.keys()
    for shelf.now in (0.0, 10.0, 3599.0):
        keys.verify(BODY, signed())
    assert shelf.fetched == 1
    shelf.now = 3600.0
    keys.verify(BODY, signed())
    assert shelf.fetched == 2


def test_a_new_key_is_found_at_once():
    """Google rotates its keys."""
    shelf = Shelf(keyset((KEY_ID, OURS)), keyset((KEY_ID, OURS), (7, OTHER)))
    keys = shelf.keys()
    keys.verify(BODY, signed())
    shelf.now = 61.0
    keys.verify(BODY, signed(key=OTHER, number=7))
    assert shelf.fetched == 2


def test_signatures_with_invented_keys_do_not_make_us_fetch():
    """At most once a minute, whoever sends what."""
    shelf = Shelf(keyset((KEY_ID, OURS)))
    keys = shelf.keys()
    for number in range(200):
        with pytest.raises(UnknownKey):
            keys.verify(BODY, signed(number=number))
    assert shelf.fetched == 1
    shelf.now = 60.0
    for number in range(200):
        with pytest.raises(UnknownKey):
            keys.verify(BODY, signed(number=number))
    assert shelf.fetched == 2


def test_old_keys_serve_for_a_day_while_google_cannot_be_reached():
    """Notifications go on; but a key that was withdrawn must not live on for ever."""
    shelf = Shelf(keyset((KEY_ID, OURS)), Transient("down"))
    keys = shelf.keys()
    keys.verify(BODY, signed())
    shelf.now = 7200.0
    keys.verify(BODY, signed())
    shelf.now = 90_000.0
    with pytest.raises(Transient):
        keys.verify(BODY, signed())


@pytest.mark.parametrize("answer", [Transient("down"), "<html>"])
def test_without_any_keys_nothing_passes(answer):
    """Try again later: the sender keeps the notification for days."""
    shelf = Shelf(answer, keyset((KEY_ID, OURS)))
    keys = shelf.keys()
    with pytest.raises(Transient):
        keys.verify(BODY, signed())
    shelf.now = 60.0
    keys.verify(BODY, signed())


@pytest.mark.shared
def test_the_published_vector_is_verified():
    """The body passes, the tampered one does not, and a real key of Google's can be read."""
    vector = sample("webhook_signature_vector.json")
    keys = KeySet.parse(json.dumps(vector["keyset"]))
    verify(vector["raw_body_utf8"].encode(), vector["header_value_base64"], keys)
    with pytest.raises(BadSignature):
        verify(vector["tampered_body_utf8"].encode(), vector["header_value_base64"], keys)
    real = vector["real_public_key_value_seen"]
    numbers = webhooks._public_key(real["value"], "key").public_numbers()
    assert (str(numbers.x), str(numbers.y)) == (real["x_decimal"], real["y_decimal"])
    assert vector["header_name"] == webhooks.SIGNATURE_HEADER
