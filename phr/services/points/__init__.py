"""Health points: what earns, the nightly round over the city, lists that staff keep, and awards that a person looks at."""

from phr.services.points.earning import Points
from phr.services.points.happened import Happened
from phr.services.points.lists import Listing, Lists
from phr.services.points.reviewing import Reviewed, Reviews
from phr.services.points.rounds import Done, Round

__all__ = ["Done", "Happened", "Listing", "Lists", "Points", "Reviewed", "Reviews", "Round"]
