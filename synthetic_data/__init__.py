"""Invented people and a virtual outside world, written from the specifications."""
