"""Record Access Control Point (2A52): asks a device for its stored records; glucose, CGM and oximeters share it."""

from __future__ import annotations

from typing import Final

from ingest.ble.decode.cursor import Cursor, Flags, closed
from ingest.ble.reading import Reading

REPORT, DELETE, ABORT, COUNT, COUNT_RESPONSE, RESPONSE = 1, 2, 3, 4, 5, 6
_OPS: Final = {
    REPORT: "report_records",
    DELETE: "delete_records",
    ABORT: "abort",
    COUNT: "report_number",
    COUNT_RESPONSE: "number_response",
    RESPONSE: "response",
    7: "combined_report",
    8: "combined_report_response",
}
NULL, ALL, AT_MOST, AT_LEAST, WITHIN, FIRST, LAST = range(7)
_OPERATORS: Final = ("null", "all", "at_most", "at_least", "within", "first", "last")
SUCCESS, NO_RECORDS = 1, 6
_RESULTS: Final = {
    SUCCESS: "success",
    2: "op-code-not-supported",
    3: "invalid-operator",
    4: "operator-not-supported",
    5: "invalid-operand",
    NO_RECORDS: "no-records",
    7: "abort-unsuccessful",
    8: "not-completed",
    9: "operand-not-supported",
}
SEQUENCE: Final = 1
"""Filter: the sequence number of a record; for CGM the minutes since the session began."""
_WIDTHS: Final = (2, 1, 4)


def control_point(payload: bytes) -> Reading:
    """2A52: a request, a number of records, or the answer that ends a procedure. No records is a normal end."""
    cursor = Cursor(payload)
    op, operator = cursor.u8("op_code"), cursor.u8("operator")
    flags: Flags = {"op_code": op, "operator": operator}
    if op in _OPS:
        flags["op"] = _OPS[op]
    if operator < len(_OPERATORS):
        flags["operator_name"] = _OPERATORS[operator]
    if op == COUNT_RESPONSE:
        flags["records"] = cursor.unsigned(_count_width(cursor.left), "number_of_records")
    elif op == RESPONSE:
        flags |= _response(cursor)
    elif op in {REPORT, DELETE, COUNT} and operator in {AT_MOST, AT_LEAST, WITHIN}:
        flags |= _filter(cursor, 2 if operator == WITHIN else 1)
    return closed("2A52", cursor, flags)


def _count_width(left: int) -> int:
    """Two bytes by the specification; some devices send one or four."""
    return left if left in _WIDTHS else 2


def _response(cursor: Cursor) -> Flags:
    request, result = cursor.u8("request_op_code"), cursor.u8("response_code")
    flags: Flags = {"request": request, "result": result, "success": result in {SUCCESS, NO_RECORDS}}
    if request in _OPS:
        flags["request_op"] = _OPS[request]
    if result in _RESULTS:
        flags["result_name"] = _RESULTS[result]
    return flags


def _filter(cursor: Cursor, values: int) -> Flags:
    kind = cursor.u8("filter_type")
    if kind != SEQUENCE:
        return {"filter": kind, "operand": cursor.rest().hex()}
    flags: Flags = {"filter": kind}
    for name in ("operand", "operand_to")[:values]:
        flags[name] = cursor.u16(name)
    return flags


def encode_report_all() -> bytes:
    """Asks for every record."""
    return bytes((REPORT, ALL))


def encode_report_from(sequence: int) -> bytes:
    """Asks for the records from this one on, itself included.

    >>> encode_report_from(6).hex(" ")
    '01 03 01 06 00'
    """
    return bytes((REPORT, AT_LEAST, SEQUENCE)) + sequence.to_bytes(2, "little")


def encode_report_within(first: int, last: int) -> bytes:
    """Asks for the records between two, both included."""
    return bytes((REPORT, WITHIN, SEQUENCE)) + first.to_bytes(2, "little") + last.to_bytes(2, "little")


def encode_count_all() -> bytes:
    """Asks how many records there are."""
    return bytes((COUNT, ALL))


def encode_count_from(sequence: int) -> bytes:
    """Asks how many records there are from this one on."""
    return bytes((COUNT, AT_LEAST, SEQUENCE)) + sequence.to_bytes(2, "little")


def encode_abort() -> bytes:
    """Ends a procedure. There is no function that deletes records: the device is the patient's."""
    return bytes((ABORT, NULL))
