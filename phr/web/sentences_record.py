"""Words and sentences of the pages of measurements: who says what is normal, and where a value came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from phr.web.words import N_

RECORD: Final[Mapping[str, Mapping[str, str]]] = {
    "chart-basis": {
        "jsh-2025": N_("日本高血圧学会 JSH2025、家庭での値"),
        "battelino-2019": N_("国際的な合意 Battelino 2019、センサーの値"),
        "guide-2023": N_("身体活動・運動ガイド2023"),
    },
    "value-source": {
        "manual": N_("手で入力"),
        "paper": N_("紙から"),
        "proxy": N_("代理の人が入力"),
    },
}
