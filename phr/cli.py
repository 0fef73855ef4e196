"""The command line: ``phr COMMAND``."""

from __future__ import annotations

import click

from phr.commands import bench, demo, people, service


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """A consent-gated personal health record for a city."""


for command in (
    demo.demo,
    service.serve,
    service.worker,
    service.migrate,
    people.import_file,
    service.token,
    people.consent,
    people.score,
    people.export,
    service.audit,
    service.outbox,
    bench.bench,
    service.user,
):
    main.add_command(command)
