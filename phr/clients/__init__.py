"""Clients of services that belong to somebody else."""
