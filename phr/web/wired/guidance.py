"""What nurses and residents see and do in specific health guidance (特定保健指導)."""

from __future__ import annotations

from phr.web.wired.parts import Area


class GuidanceArea(Area):
    """What nurses and residents see and do in specific health guidance (特定保健指導)."""
