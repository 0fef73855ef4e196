"""The archive that is sent to an insurer: its name, its index, one file for each person, always the same bytes."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from phr.domain.guidance.export_xml import ARC, INSTITUTION, INSURER
from phr.errors import Invalid

INDEX: Final = "ix08_V08.xml"
EXCHANGE: Final = "http://tokuteikenshin.jp/checkup/2007"
KIND: Final = "2"  # 実施区分 2: 特定保健指導 (OID ...6.1103)
_TO_INSURER: Final = "6"  # 種別 6: from the institution to the insurer (OID ...6.1101)
_STAMP: Final = (1980, 1, 1, 0, 0, 0)
_SENDER: Final = re.compile(r"\d{10}", re.ASCII)
_RECEIVER: Final = re.compile(r"\d{8}", re.ASCII)


def archive_name(sender: str, receiver: str, day: date, sequence: int) -> str:
    """The name without its ending: ``sender_receiver_daysequence_kind``. Raises Invalid naming the part.

    >>> archive_name("1311234567", "00138123", date(2026, 6, 20), 0)
    '1311234567_00138123_202606200_2'
    """
    if not _SENDER.fullmatch(sender):
        raise Invalid("must be ten digits", field="sender")
    if not _RECEIVER.fullmatch(receiver):
        raise Invalid("must be eight digits", field="insurer")
    if not 0 <= sequence <= 9:
        raise Invalid("must be 0 to 9", field="sequence")
    return f"{sender}_{receiver}_{day:%Y%m%d}{sequence}_{KIND}"


def file_name(sender: str, day: date, sequence: int, number: int) -> str:
    """The name of one person's file.

    >>> file_name("1311234567", date(2026, 6, 20), 0, 1)
    'g13112345672026062002000001.xml'
    """
    return f"g{sender}{day:%Y%m%d}{sequence}{KIND}{number:06d}.xml"


def index(sender: str, receiver: str, day: date, count: int) -> bytes:
    """The index of an archive (交換用基本情報): who sends what to whom, and how many."""
    root = Element("index", {"xmlns": EXCHANGE})
    SubElement(root, "interactionType", {"code": _TO_INSURER})
    SubElement(root, "creationTime", {"value": f"{day:%Y%m%d}"})
    SubElement(SubElement(root, "sender"), "id", {"root": INSTITUTION, "extension": sender})
    SubElement(SubElement(root, "receiver"), "id", {"root": INSURER, "extension": receiver})
    SubElement(root, "serviceEventType", {"code": KIND, "codeSystem": f"{ARC}1103"})
    SubElement(root, "totalRecordCount", {"value": str(count)})
    text: bytes = tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + text + b"\n"


def packed(
    name: str, documents: Sequence[tuple[str, bytes]], found_index: bytes, schemas: Mapping[str, bytes]
) -> bytes:
    """The zip: a root folder of the archive's name with the index, DATA and, where there are, the official XSD."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as made:
        _add(made, f"{name}/{INDEX}", found_index)
        for file, body in documents:
            _add(made, f"{name}/DATA/{file}", body)
        for file, body in sorted(schemas.items()):
            _add(made, f"{name}/XSD/{file}", body)
    return held.getvalue()


def _add(made: zipfile.ZipFile, name: str, body: bytes) -> None:
    info = zipfile.ZipInfo(name, _STAMP)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    made.writestr(info, body)
