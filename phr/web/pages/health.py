"""What a resident sees of scores, trends and questionnaires."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
