"""What staff see of whether a programme helps."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
