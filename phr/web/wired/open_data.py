"""Open data, for everybody."""

from __future__ import annotations

from phr.domain.open_data import plan
from phr.web.views.open_data import Edition, OpenData
from phr.web.wired.parts import Area


class OpenArea(Area):
    """What everybody may read."""

    def open_data(self) -> OpenData:
        """What is out."""
        editions = tuple(
            Edition(one.edition, one.at.astimezone(self._parts.zone).date(), one.epsilon, one.files)
            for one in self._system.open_data.editions()
        )
        return OpenData(editions, plan().least_shown)

    def open_file(self, edition: str, name: str) -> bytes:
        """A file of an edition."""
        return self._system.open_data.file(edition, name)
