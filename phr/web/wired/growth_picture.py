"""The picture of a growth curve: the child's own points over the bands of the survey, as SVG that needs no script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from phr.domain.family.growth import Band

_WIDTH: Final = 640.0
_HEIGHT: Final = 360.0
_LEFT: Final = 44.0
_BOTTOM: Final = 30.0
_TOP: Final = 12.0
_RIGHT: Final = 34.0
_FEW: Final = 12


@dataclass(frozen=True, slots=True)
class Plane:
    """From ages in months and values to places in the picture."""

    months: float
    low: float
    high: float

    def x(self, month: float) -> float:
        """How far right."""
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * month / self.months

    def y(self, value: float) -> float:
        """How far down."""
        return _HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * (value - self.low) / (self.high - self.low)


def picture(points: Sequence[tuple[float, float]], bands: Sequence[Band], step: float) -> Markup:
    """Points (age in months, value), oldest first, over bands by age; ``step`` is the distance of the marks."""
    months = max([_FEW, *(month + 2 for month, _value in points)])
    near = _near(bands, months)
    values = [value for _month, value in points] + [
        value for band in near for value in (band.values[0], band.values[-1])
    ]
    low = step * int(min(values, default=0) / step)
    high = step * (int(max(values, default=step) / step) + 1)
    plane = Plane(float(months), low, high)
    parts = [*_axes(plane, step), *_bands(plane, near), *_own(plane, points)]
    body = "".join(parts)
    return Markup(  # noqa: S704 - numbers only, made here
        f'<svg class="growth" aria-hidden="true" focusable="false" viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}">{body}</svg>'
    )


def _near(bands: Sequence[Band], months: float) -> list[Band]:
    """The bands inside the picture, and one more so that the lines reach its edge."""
    inside = [band for band in bands if band.centre <= months]
    return inside if len(inside) > 1 else []


def _axes(plane: Plane, step: float) -> list[str]:
    parts = []
    value = plane.low
    while value <= plane.high + step / 100:
        y = plane.y(value)
        parts.append(
            f'<line class="growth__grid" x1="{_LEFT:g}" x2="{_WIDTH - _RIGHT:g}" y1="{y:.1f}" y2="{y:.1f}"/>'
        )
        parts.append(f'<text class="growth__y" x="{_LEFT - 6:g}" y="{y + 5:.1f}">{value:g}</text>')
        value += step
    every = 2 if plane.months <= _FEW else 6 if plane.months <= 4 * _FEW else 12
    for month in range(0, int(plane.months) + 1, every):
        x = plane.x(month)
        parts.append(
            f'<line class="growth__grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP:g}" y2="{_HEIGHT - _BOTTOM:g}"/>'
        )
        parts.append(f'<text class="growth__x" x="{x:.1f}" y="{_HEIGHT - 8:g}">{month}</text>')
    return parts


def _bands(plane: Plane, bands: Sequence[Band]) -> list[str]:
    if not bands:
        return []

    def line(index: int) -> list[str]:
        return [f"{plane.x(band.centre):.1f},{plane.y(band.values[index]):.1f}" for band in bands]

    width = len(bands[0].values)
    area = " ".join([*line(0), *reversed(line(width - 1))])
    parts = [f'<polygon class="growth__band" points="{area}"/>']
    for index in range(width):
        kind = "growth__mid" if index == width // 2 else "growth__line"
        parts.append(f'<polyline class="{kind}" points="{" ".join(line(index))}"/>')
    last = bands[-1]
    for index, name in ((0, "3"), (width // 2, "50"), (width - 1, "97")):
        parts.append(
            f'<text class="growth__p" x="{plane.x(last.centre) + 5:.1f}"'
            f' y="{plane.y(last.values[index]) + 5:.1f}">{name}</text>'
        )
    return parts


def _own(plane: Plane, points: Sequence[tuple[float, float]]) -> list[str]:
    places = [(plane.x(month), plane.y(value)) for month, value in points]
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = [f'<circle class="growth__dot" cx="{x:.1f}" cy="{y:.1f}" r="5"/>' for x, y in places]
    return [f'<polyline class="growth__own" points="{joined}"/>', *dots] if places else []
