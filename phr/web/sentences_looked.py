"""Words of the page that says who looked: why, as the person reads it whose record it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from phr.web.words import N_

LOOKED: Final[Mapping[str, Mapping[str, str]]] = {
    "looked-reason": {
        "unconscious": N_("あなたに、見てよいか聞けませんでした"),
        "ambulance": N_("救急隊から、たずねられました"),
        "hospital": N_("治療している病院から、たずねられました"),
        "danger-to-life": N_("命の危険がありました"),
        "disaster": N_("災害のとき、無事をたしかめ、助けるためです"),
        "not-found": N_("その記録は、ありませんでした"),
        "too-many-tries": N_("まちがいが続きました"),
        "gone": N_("その送り先には、もう届きません"),
    },
}
