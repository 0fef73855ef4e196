"""User Data service: which user of a shared scale (2A9A), change counter (2A99) and control point (2A9F)."""

from __future__ import annotations

from typing import Final

from ingest.ble.decode.cursor import Cursor, Flags, closed
from ingest.ble.reading import UNKNOWN_USER, Reading
from ingest.errors import BadPayload

_REGISTER, _CONSENT, _DELETE_DATA, _LIST, _DELETE_USER = 0x01, 0x02, 0x03, 0x04, 0x05
_RESPONSE: Final = 0x20
_REGISTER_WITH_INDEX: Final = 0x40  # Omron only
SUCCESS: Final = 1
_OPS: Final = {
    _REGISTER: "register_user",
    _CONSENT: "consent",
    _DELETE_DATA: "delete_user_data",
    _LIST: "list_users",
    _DELETE_USER: "delete_user",
    _RESPONSE: "response",
    _REGISTER_WITH_INDEX: "register_user_with_index",
}
_RESULTS: Final = {
    SUCCESS: "success",
    2: "op-code-not-supported",
    3: "invalid-parameter",
    4: "operation-failed",
    5: "user-not-authorised",
}
HIGHEST_CONSENT: Final = 9999


def user_index(payload: bytes) -> Reading:
    """2A9A: the user whose data the service shows; 255 is unknown."""
    cursor = Cursor(payload)
    return closed("2A9A", cursor, {}, user=cursor.u8("user_index"))


def change_increment(payload: bytes) -> Reading:
    """2A99: goes up with every change of a user's data."""
    cursor = Cursor(payload)
    return closed("2A99", cursor, {"database_change_increment": cursor.unsigned(4, "increment")})


def control_point(payload: bytes) -> Reading:
    """2A9F: a request of a collector or the answer of a scale. A consent code is never kept."""
    cursor = Cursor(payload)
    op = cursor.u8("op_code")
    flags: Flags = {"op_code": op}
    if op in _OPS:
        flags["op"] = _OPS[op]
    if op == _RESPONSE:
        return _response(cursor, flags)
    user = cursor.u8("user_index") if op in {_CONSENT, _DELETE_USER, _REGISTER_WITH_INDEX} else None
    if op in {_REGISTER, _CONSENT, _REGISTER_WITH_INDEX}:
        cursor.u16("consent_code")
    return closed("2A9F", cursor, flags, user=user)


def _response(cursor: Cursor, flags: Flags) -> Reading:
    request, result = cursor.u8("request_op_code"), cursor.u8("response_value")
    flags |= {"request": request, "result": result, "success": result == SUCCESS}
    if request in _OPS:
        flags["request_op"] = _OPS[request]
    if result in _RESULTS:
        flags["result_name"] = _RESULTS[result]
    user: int | None = None
    if result == SUCCESS and request in {_REGISTER, _DELETE_USER}:
        user = cursor.u8("user_index")
    if result == SUCCESS and request == _LIST:
        count = cursor.u8("user_count")
        flags["users"] = " ".join(str(cursor.u8("user_index")) for _ in range(count))
    return closed("2A9F", cursor, flags, user=user)


def encode_register(consent: int) -> bytes:
    """A request for a new user of the scale, who will be opened with this consent code."""
    return bytes((_REGISTER,)) + _code(consent)


def encode_consent(user: int, consent: int) -> bytes:
    """A request to open a user of the scale.

    >>> encode_consent(1, 1234).hex(" ")
    '02 01 d2 04'
    """
    if not 0 <= user < UNKNOWN_USER:
        raise BadPayload("is not 0 to 254", field="user_index")
    return bytes((_CONSENT, user)) + _code(consent)


def _code(consent: int) -> bytes:
    if not 0 <= consent <= HIGHEST_CONSENT:
        raise BadPayload("is not 0 to 9999", field="consent_code")
    return consent.to_bytes(2, "little")
