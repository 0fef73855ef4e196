"""What a resident sees and notes of food and drink."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
