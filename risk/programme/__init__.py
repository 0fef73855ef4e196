"""Evaluation of a programme: who took part, what changed, and what changed more than in comparable people."""
