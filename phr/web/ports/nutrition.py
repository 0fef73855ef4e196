"""What a resident sees and notes of food and drink, and what a nurse sees of it and plans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from phr.web.ports.session import Session
from phr.web.views.nutrition import CaseFood, FoodPage


class NutritionPages(Protocol):
    """What a resident sees and notes of food and drink, and what a nurse sees of it and plans."""

    def food(self, session: Session) -> FoodPage:
        """The week, the last entries and the form."""
        ...

    def add_food(
        self, session: Session, occasion: str, values: Mapping[str, float], *, yesterday: bool
    ) -> None:
        """Write down a food. Invalid names the field: consent, energy or occasion."""
        ...

    def repeat_food(self, session: Session, start: int) -> None:
        """Write an earlier entry of this week down again, as of now. NotFound when there is none."""
        ...

    def add_water(self, session: Session, millilitres: float) -> None:
        """Write down a drink. Invalid as above."""
        ...

    def case_food(self, session: Session, case: str) -> CaseFood:
        """The week of a case's person beside weight and blood pressure, for the purpose guidance."""
        ...

    def plan_food(self, session: Session, case: str, plan: Mapping[str, float]) -> None:
        """Record what nurse and person agreed on; nothing ends the plan. Invalid names the item."""
        ...
