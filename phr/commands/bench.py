"""Benchmarks, each with its baseline in the same run."""

from __future__ import annotations

import click


@click.command()
@click.argument("name")
def bench(name: str) -> None:
    """Run a benchmark: ingest, read, withdraw or score."""
    click.echo(name)
