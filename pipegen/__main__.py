"""Run the command line: `python -m pipegen`."""

from pipegen.cli import main

main()
