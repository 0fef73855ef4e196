"""Runs the command line: ``python -m phr``."""

from phr.cli import main

main()
