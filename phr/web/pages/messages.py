"""Messages, reminders and letters, as residents and staff see them."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()
