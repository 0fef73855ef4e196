"""Specific health guidance (特定保健指導): its course as events, its points by rule, and what the insurer receives."""
