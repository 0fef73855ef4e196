"""Collectors that read a person's data from a vendor's cloud with the person's own authorisation."""
