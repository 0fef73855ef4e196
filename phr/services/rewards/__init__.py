"""Points that were earned: exchange and gifts, their end, statements and closed years, goals and groups."""

from phr.services.rewards.ending import Ending
from phr.services.rewards.moves import Answered, Moves, Purse
from phr.services.rewards.payout import Payout
from phr.services.rewards.together import Together
from phr.services.rewards.wallets import Wallets
from phr.services.rewards.year import Funds, Year

__all__ = ["Answered", "Ending", "Funds", "Moves", "Payout", "Purse", "Together", "Wallets", "Year"]
