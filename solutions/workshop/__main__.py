"""Run the author's tools as `python -m solutions.workshop`."""

from solutions.workshop.cli import main

main()
