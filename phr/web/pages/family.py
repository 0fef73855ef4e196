"""What a guardian sees and does for a child."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
